// `secretfs keygen`: a new identity, or the recipients of the ones there are, as age-keygen has it.
#include "crypto/keygen.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/identity_options.h"
#include "cli/ui.h"
#include "crypto/recipient_file.h"
#include "base/time_text.h"

namespace secretfs {
namespace {

struct Options {
  IdentityOptions identities;
  bool post_quantum = false;
  bool recipients_only = false;
  std::string output;
  std::string input;  // of -y; empty: standard input
};

/// A file that was not there before, or standard output.
class NewFile {
 public:
  static Result<NewFile> Open(const std::string& path) {
    NewFile file(path);
    if (file.to_stdout()) return file;
    file.fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.fd_) return file;
    Error error = SystemError(errno, "cannot create", path);
    if (errno == EEXIST)
      error.hint = "keys are never overwritten: move it away, or give another -o";
    return error;
  }

  [[nodiscard]] int fd() const noexcept { return to_stdout() ? STDOUT_FILENO : fd_.get(); }

  Status Write(ByteView bytes) {
    auto written = WriteAll(fd(), bytes, to_stdout() ? "standard output" : path_);
    if (written && !to_stdout() && ::fsync(fd()) != 0) {
      written = SystemError(errno, "cannot sync", path_);
    }
    if (!written && !to_stdout()) ::unlink(path_.c_str());
    return written;
  }

 private:
  explicit NewFile(const std::string& path) : path_(path) {}
  [[nodiscard]] bool to_stdout() const noexcept { return path_.empty() || path_ == "-"; }

  std::string path_;
  UniqueFd fd_;
};

void WarnIfOthersMayRead(int fd) {
  struct stat st {};
  if (::fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0) {
    ui::Warn("every user may read the file that the secret key is written to",
             "give -o FILE, which is made for you alone");
  }
}

/// In whole seconds, as age-keygen has it.
std::string CreationTime() {
  std::string text = TimeText(SystemClock().Wall());
  return text.replace(text.find('.'), std::string::npos, "Z");
}

Status Generate(const Options& options) {
  const auto made =
      TRY(options.post_quantum ? age::MakeNewHybridIdentity() : age::MakeNewX25519Identity());
  auto file = TRY(NewFile::Open(options.output));
  WarnIfOthersMayRead(file.fd());
  SecretBuilder text;
  text.Append("# created: " + CreationTime() + "\n");
  text.Append("# public key: " + made.recipient + "\n").Append(made.line.Expose()).Append('\n');
  TRY(file.Write(TRY(text.Finish()).Expose()));
  if (::isatty(file.fd()) == 0) {
    std::fputs(("Public key: " + made.recipient + "\n").c_str(), stderr);  // as age-keygen has it
  }
  return Ok{};
}

/// What somebody else can encrypt to.
Result<std::string> PublicText(const age::Recipient& recipient, const age::PluginHostPtr& plugins) {
  const std::string text = recipient.Text();
  if (age::ParseRecipient(text, plugins)) return text;
  return Error{Code::kUnsupported,
               "the recipient of a plugin's identity is known to the plugin alone", "",
               "the plugin printed it when it made the identity"};
}

std::string InputOf(const Options& options) { return options.input.empty() ? "-" : options.input; }

Status PrintRecipients(const Options& options) {
  std::string text;
  for (const auto& identity : TRY(options.identities.ReadAll({InputOf(options)}))) {
    for (const auto& recipient : TRY(identity->ToRecipients())) {
      text += TRY(PublicText(*recipient, options.identities.Help().plugins)) + "\n";
    }
  }
  auto file = TRY(NewFile::Open(options.output));
  return file.Write(AsBytes(text));
}

Status CheckUsage(const Options& options) {
  if (options.recipients_only && options.post_quantum) {
    return Error{Code::kInvalid, "--pq is for new identities, and -y for those there are", "", ""};
  }
  if (!options.recipients_only && !options.input.empty()) {
    return Error{Code::kInvalid, "a new identity is made of nothing else", "",
                 "give -o FILE to write it, or -y FILE to print the recipients of those in FILE"};
  }
  if (!options.recipients_only) return Ok{};
  StdinUse use;
  options.identities.AddStdinUses(use);
  use.AddFile(InputOf(options), "the identities");
  return use.Check();
}

void AddOptions(CLI::App& app, Options& options) {
  options.identities.AddHelpTo(app);
  app.add_flag("--pq", options.post_quantum, "make a post-quantum identity");
  app.add_flag("-y,--recipients", options.recipients_only,
               "print the recipients of the identities in FILE");
  app.add_option("-o,--output", options.output,
                 "write here instead of standard output; the file must not be there yet")
      ->type_name("FILE");
  app.add_option("FILE", options.input,
                 "with -y: an identity file; standard input if none is named");
}

}  // namespace

Command KeygenCommand() {
  return {"keygen", "make an age identity, or print its recipient", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            AddOptions(app, *options);
            return [options] {
              if (const Status usage = CheckUsage(*options); !usage) {
                return ui::Fail(usage.error(), ExitCode::kUsage);
              }
              const Status done =
                  options->recipients_only ? PrintRecipients(*options) : Generate(*options);
              return done ? ExitCode::kDone : ui::Fail(done.error());
            };
          }};
}

}  // namespace secretfs
