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
  identities.push_back(TRY(age::MakePassphraseIdentity(options.identities.Help().passphrases)));
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
