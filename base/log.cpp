#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace secretfs {
namespace {

bool NeedsQuotes(std::string_view text) {
  return text.find_first_of(" \"=") != std::string_view::npos;
}

std::string Value(std::string_view text) {
  std::string printable = Printable(text);
  if (!NeedsQuotes(printable)) return printable;
  std::string quoted = "\"";
  for (const char c : printable) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

/// The variable is inherited by everything below a unit, so it counts only while it names our
/// stream. systemd.exec(5)
bool StderrIsJournal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat st {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &st) != 0) return false;
  return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino) == stream;
}

class SpdLog final : public Log {
 public:
  explicit SpdLog(Level lowest)
      : logger_("secretfs", std::make_shared<spdlog::sinks::stderr_sink_mt>()),
        journal_(StderrIsJournal()) {
    logger_.set_pattern("%v");
    logger_.set_level(ToSpd(lowest));
    logger_.flush_on(spdlog::level::trace);
  }

 private:
  static spdlog::level::level_enum ToSpd(Level level) {
    switch (level) {
      case Level::kDebug:
        return spdlog::level::debug;
      case Level::kInfo:
        return spdlog::level::info;
      case Level::kWarning:
        return spdlog::level::warn;
      case Level::kError:
        break;
    }
    return spdlog::level::err;
  }
  [[nodiscard]] const char* Prefix(Level level) const {
    switch (level) {
      case Level::kDebug:
        return journal_ ? "<7>" : "debug ";
      case Level::kInfo:
        return journal_ ? "<6>" : "info ";
      case Level::kWarning:
        return journal_ ? "<4>" : "warning ";
      case Level::kError:
        break;
    }
    return journal_ ? "<3>" : "error ";
  }
  void Write(Level level, const std::string& line) override {
    logger_.log(ToSpd(level), "{}{}", Prefix(level), line);
  }

  spdlog::logger logger_;
  bool journal_;
};

}  // namespace

void Log::Line(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = "event=" + std::string(event);
  for (const Field& field : fields) {
    if (!field.text().empty()) line += " " + field.key() + "=" + Value(field.text());
  }
  Write(level, line);
}

std::unique_ptr<Log> StderrLog(Level lowest) { return std::make_unique<SpdLog>(lowest); }

}  // namespace secretfs
