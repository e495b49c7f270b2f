// `secretfs encrypt`: standard input or a file into an age file, with options as in age(1).
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>

#include "base/file.h"
#include "cli/command.h"
#include "cli/input_file.h"
#include "cli/output_file.h"
#include "cli/recipient_options.h"
#include "cli/ui.h"
#include "crypto/encryption.h"
#include "crypto/locked_buffer.h"
#include "crypto/scrypt.h"

namespace secretfs {
namespace {

constexpr size_t kReadBytes = size_t{256} * 1024;

struct Options {
  RecipientOptions recipients;
  bool passphrase = false;
  bool armored = false;
  std::string output;
  std::string input = "-";
};

class OutputSink final : public age::ByteSink {
 public:
  explicit OutputSink(OutputFile& output) : output_(output) {}
  Status Write(ByteView bytes) override { return output_.Write(bytes); }

 private:
  OutputFile& output_;
};

Error Usage(std::string what, std::string hint) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}

Status CheckUsage(const Options& options) {
  if (options.passphrase && !options.recipients.empty()) {
    return Usage("-p cannot be used with -r, -R or -i", "a passphrase stands alone in a file");
  }
  if (!options.passphrase && options.recipients.empty()) {
    return Usage("nobody to encrypt to", "give -r RECIPIENT, -R FILE or -i FILE, or -p");
  }
  StdinUse use;
  options.recipients.AddStdinUses(use);
  use.AddFile(options.input, "the plaintext");
  TRY(use.Check());
  if (!options.armored && options.output.empty() && ::isatty(STDOUT_FILENO) == 1) {
    return Usage("standard output is a terminal, and the encrypted file would be binary",
                 "give -a for text, -o FILE for a file, or -o - to write it all the same");
  }
  return Ok{};
}

Result<std::vector<age::RecipientPtr>> ReadRecipients(const Options& options) {
  if (!options.passphrase) return options.recipients.Read();
  auto passphrase = TRY(options.recipients.passphrases().AskNew("the file"));
  std::vector<age::RecipientPtr> recipients;
  recipients.push_back(TRY(age::MakePassphraseRecipient(std::move(passphrase))));
  return recipients;
}

Result<size_t> ReadSome(const InputFile& input, ByteSpan into) {
  while (true) {
    const ssize_t n = ::read(input.fd(), into.data(), into.size());
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return SystemError(errno, "cannot read", input.name());
  }
}

Status EncryptTo(OutputFile& output, const InputFile& input, bool armored,
                 std::span<const age::RecipientPtr> recipients) {
  const auto buffer = TRY(crypto::LockedBuffer::Make(kReadBytes));
  OutputSink sink(output);
  auto encryption = TRY(age::Encryption::Begin(sink, recipients, {.armored = armored}));
  while (true) {
    const size_t size = TRY(ReadSome(input, buffer.bytes()));
    if (size == 0) break;
    TRY(encryption.Write(buffer.bytes().first(size)));
  }
  TRY(encryption.Finish());
  return output.Commit();
}

Status Encrypt(const Options& options) {
  const InputFile input = TRY(InputFile::Open(options.input));
  TRY(CheckNotInput(options.output, input.fd()));
  const auto recipients = TRY(ReadRecipients(options));
  OutputFile output = TRY(OutputFile::Open(options.output, PublicMode()));
  return EncryptTo(output, input, options.armored, recipients);
}

}  // namespace

Command EncryptCommand() {
  return {
      "encrypt", "encrypt to an age file", [](CLI::App& app) {
        const auto options = std::make_shared<Options>();
        options->recipients.AddTo(app);
        app.add_flag("-p,--passphrase", options->passphrase, "encrypt to a passphrase");
        app.add_flag("-a,--armor", options->armored, "write text instead of binary");
        app.add_flag("-e,--encrypt")->description("does nothing; age has it, and scripts give it");
        app.add_option("-o,--output", options->output,
                       "write here instead of standard output; nothing is left on failure")
            ->type_name("FILE");
        app.add_option("FILE", options->input, "the file to encrypt; - is standard input")
            ->capture_default_str();
        return [options] {
          if (const Status usage = CheckUsage(*options); !usage) {
            return ui::Fail(usage.error(), ExitCode::kUsage);
          }
          const Status done = Encrypt(*options);
          return done ? ExitCode::kDone : ui::Fail(done.error());
        };
      }};
}

}  // namespace secretfs
