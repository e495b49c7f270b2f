// `secretfs decrypt`: one age file to standard output or a file, with options as in age(1).
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/identity_options.h"
#include "cli/input_file.h"
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

Status CheckUsage(const Options& options) {
  StdinUse use;
  options.identities.AddStdinUses(use);
  use.AddFile(options.input, "the age file");
  return use.Check();
}

Status DecryptTo(OutputFile& output, const InputFile& input,
                 std::span<const age::IdentityPtr> identities) {
  FdSource source(input.fd(), input.name());
  auto decryption = TRY(age::Decryption::Open(source, identities));
  WarnOfIdentities(decryption);
  for (;;) {
    const ByteView chunk = TRY(decryption.Next());
    if (chunk.empty()) return output.Commit();
    TRY(output.Write(chunk));
  }
}

Status Decrypt(const Options& options) {
  std::vector<age::IdentityPtr> identities = TRY(options.identities.Read());
  identities.push_back(TRY(age::MakePassphraseIdentity(options.identities.Help().passphrases)));
  const InputFile input = TRY(InputFile::Open(options.input));
  TRY(CheckNotInput(options.output, input.fd()));
  OutputFile output = TRY(OutputFile::Open(options.output));
  auto done = DecryptTo(output, input, identities);
  if (done) return done;
  ExplainNoMatch(done.error(), identities, "give -i FILE, which has an identity for one of these");
  if (done.error().where.empty()) done.error().where = input.name();
  return done;
}

}  // namespace

Command DecryptCommand() {
  return {
      "decrypt", "decrypt an age file", [](CLI::App& app) {
        const auto options = std::make_shared<Options>();
        options->identities.AddTo(app);
        app.add_flag("-d,--decrypt")->description("does nothing; age has it, and scripts give it");
        app.add_option("-o,--output", options->output,
                       "write here instead of standard output; nothing is left on failure")
            ->type_name("FILE");
        app.add_option("FILE", options->input, "the age file; - is standard input")
            ->capture_default_str();
        return [options] {
          if (const Status usage = CheckUsage(*options); !usage) {
            return ui::Fail(usage.error(), ExitCode::kUsage);
          }
          const Status done = Decrypt(*options);
          return done ? ExitCode::kDone : ui::Fail(done.error());
        };
      }};
}

}  // namespace secretfs
