// `secretfs decrypt`: one age file to standard output or a file, with options as in age(1).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/ui.h"
#include "crypto/age.h"
#include "crypto/identity_file.h"
#include "providers/fd_source.h"

namespace secretfs {
namespace {

constexpr size_t kPassphraseLimit = 64 * 1024;

struct Options {
  std::vector<std::string> identity_files;
  std::vector<int> passphrase_fds;
  std::string output;
  std::string input = "-";
};

/// One line, without its end. Errors: kInvalid when it is empty.
Result<SecretBytes> ReadPassphrase(int fd) {
  const std::string name = "descriptor " + std::to_string(fd);
  const SecretBytes line = TRY(ReadAllSecret(fd, kPassphraseLimit, name));
  std::string_view text = AsText(line.Expose());
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return Error{Code::kInvalid, "has no passphrase", name, ""};
  return SecretBytes::CopyOf(AsBytes(text));
}

/// A file that gives no identity is a warning as long as another one does.
Result<std::vector<age::IdentityPtr>> ReadIdentities(const Options& options) {
  std::vector<age::IdentityPtr> identities;
  std::optional<Error> problem;
  for (const std::string& file : options.identity_files) {
    auto content = ReadSecretFile(file, age::kMaxIdentityFileBytes);
    auto parsed = content ? age::ParseIdentityFile(*content, file, {})
                          : Result<age::ParsedIdentities>(std::move(content).error());
    if (parsed) {
      identities.insert(identities.end(), parsed->identities.begin(), parsed->identities.end());
      continue;
    }
    if (problem) ui::Warn(problem->Text(), problem->hint);
    problem = std::move(parsed).error();
  }
  for (const int fd : options.passphrase_fds) {
    identities.push_back(TRY(age::MakePassphraseIdentity(TRY(ReadPassphrase(fd)))));
  }
  if (problem && identities.empty()) return *std::move(problem);
  if (problem) ui::Warn(problem->Text(), problem->hint);
  return identities;
}

Status DecryptTo(OutputFile& output, int input, const std::string& name,
                 std::span<const age::IdentityPtr> identities) {
  FdSource source(input, name);
  auto decryption = TRY(age::Decryption::Open(source, identities));
  for (;;) {
    const ByteView chunk = TRY(decryption.Next());
    if (chunk.empty()) return output.Commit();
    TRY(output.Write(chunk));
  }
}

Status Decrypt(const Options& options) {
  const std::vector<age::IdentityPtr> identities = TRY(ReadIdentities(options));
  UniqueFd file;
  const bool from_stdin = options.input == "-";
  if (!from_stdin) file = TRY(OpenRegular(options.input));
  OutputFile output = TRY(OutputFile::Open(options.output));
  auto done = DecryptTo(output, from_stdin ? STDIN_FILENO : file.get(), options.input, identities);
  if (!done && done.error().where.empty())
    done.error().where = from_stdin ? "standard input" : options.input;
  return done;
}

}  // namespace

Command DecryptCommand() {
  return {"decrypt", "decrypt an age file", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_option("-i,--identity", options->identity_files,
                           "a file with age identities or an SSH private key; may be repeated")
                ->type_name("FILE")
                ->allow_extra_args(false)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            app.add_option("--passphrase-fd", options->passphrase_fds,
                           "a descriptor to read a passphrase from; may be repeated")
                ->type_name("N")
                ->allow_extra_args(false)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            app.add_option("-o,--output", options->output,
                           "write here instead of standard output; nothing is left on failure")
                ->type_name("FILE");
            app.add_option("FILE", options->input, "the age file; - is standard input")
                ->capture_default_str();
            return [options] {
              if (options->identity_files.empty() && options->passphrase_fds.empty()) {
                return ui::Fail({Code::kInvalid, "nothing to decrypt with", "",
                                 "give -i FILE, or --passphrase-fd N"},
                                ExitCode::kUsage);
              }
              const Status done = Decrypt(*options);
              return done ? ExitCode::kDone : ui::Fail(done.error());
            };
          }};
}

}  // namespace secretfs
