// `secretfs decrypt`: one age file to standard output or a file, with options as in age(1).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/identity_options.h"
#include "cli/output_file.h"
#include "cli/ui.h"
#include "crypto/age.h"
#include "providers/fd_source.h"

namespace secretfs {
namespace {

struct Options {
  IdentityOptions identities;
  std::string output;
  std::string input = "-";
};

/// The passphrase of a scrypt file, asked for only when there is one.
class AskedPassphrase final : public age::Identity {
 public:
  explicit AskedPassphrase(age::AskPassphrases ask) : ask_(std::move(ask)) {}
  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const age::Stanza> stanzas) const override {
    if (stanzas.front().type != "scrypt") {
      return Error{Code::kNoMatch, "the file has no scrypt stanza", "", ""};
    }
    const auto passphrases = ask_("the file");
    if (!passphrases) return Error{Code::kNoMatch, passphrases.error().what, "", ""};
    Error reason{Code::kNoMatch, "", "", ""};
    for (const SecretPtr& passphrase : *passphrases) {
      const auto identity =
          TRY(age::MakePassphraseIdentity(TRY(SecretBytes::CopyOf(passphrase->Expose()))));
      auto file_key = identity->Unwrap(stanzas);
      if (file_key || file_key.error().code != Code::kNoMatch) return file_key;
      reason = std::move(file_key).error();
    }
    return reason;
  }
  [[nodiscard]] std::string Describe() const override { return "scrypt passphrase"; }

 private:
  age::AskPassphrases ask_;
};

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
  std::vector<age::IdentityPtr> identities = TRY(options.identities.Read());
  identities.push_back(std::make_shared<AskedPassphrase>(options.identities.Help().passphrases));
  UniqueFd file;
  const bool from_stdin = options.input == "-";
  if (!from_stdin) file = TRY(OpenRegular(options.input));
  OutputFile output = TRY(OutputFile::Open(options.output));
  auto done = DecryptTo(output, from_stdin ? STDIN_FILENO : file.get(), options.input, identities);
  if (done) return done;
  Error& error = done.error();
  if (error.where.empty()) error.where = from_stdin ? "standard input" : options.input;
  if (error.code == Code::kNoMatch && options.identities.files().empty()) {
    error.hint = "give -i FILE, an identity that the file is encrypted to";
  }
  return done;
}

}  // namespace

Command DecryptCommand() {
  return {"decrypt", "decrypt an age file", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            options->identities.AddTo(app);
            app.add_option("-o,--output", options->output,
                           "write here instead of standard output; nothing is left on failure")
                ->type_name("FILE");
            app.add_option("FILE", options->input, "the age file; - is standard input")
                ->capture_default_str();
            return [options] {
              const Status done = Decrypt(*options);
              return done ? ExitCode::kDone : ui::Fail(done.error());
            };
          }};
}

}  // namespace secretfs
