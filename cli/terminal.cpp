#include "cli/terminal.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr size_t kLongestLine = size_t{64} * 1024;
constexpr char kInterrupt = 3;  // ^C

/// Turns the echo off while it lives. ^C is turned into the end of the line: as a signal it would
/// end the program and leave the terminal mute.
class MuteTerminal {
 public:
  explicit MuteTerminal(int fd) : fd_(fd), muted_(::tcgetattr(fd, &old_) == 0) {
    if (!muted_) return;
    termios mute = old_;
    mute.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    mute.c_cc[VEOL] = kInterrupt;
    muted_ = ::tcsetattr(fd_, TCSAFLUSH, &mute) == 0;
  }
  MuteTerminal(const MuteTerminal&) = delete;
  MuteTerminal& operator=(const MuteTerminal&) = delete;
  ~MuteTerminal() {
    if (muted_) ::tcsetattr(fd_, TCSAFLUSH, &old_);
  }
  [[nodiscard]] bool muted() const noexcept { return muted_; }

 private:
  int fd_;
  termios old_{};
  bool muted_;
};

/// One line of a terminal, with what ended it.
Result<SecretBytes> ReadLine(int fd) {
  return SecretBytes::Make(kLongestLine, [&](ByteSpan out) -> Result<size_t> {
    size_t size = 0;
    while (size < out.size()) {
      const ssize_t n = ::read(fd, out.data() + size, out.size() - size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError(errno, "cannot read", "the terminal");
      size += static_cast<size_t>(n);
      const char last = size == 0 ? '\n' : static_cast<char>(out[size - 1]);
      if (n == 0 || last == '\n' || last == kInterrupt) break;
    }
    return size;
  });
}

}  // namespace

Result<SecretBytes> AskTerminal(int input, int output, const std::string& prompt) {
  const MuteTerminal terminal(input);
  if (!terminal.muted()) return SystemError(errno, "cannot turn off the echo", "the terminal");
  TRY(WriteAll(output, AsBytes(prompt), "the terminal"));
  SecretBytes line = TRY(ReadLine(input));
  TRY(WriteAll(output, AsBytes("\n"), "the terminal"));
  if (AsText(line.Expose()).ends_with(kInterrupt)) {
    return Error{Code::kInvalid, "interrupted, and nothing changed", "", ""};
  }
  return line;
}

}  // namespace secretfs
