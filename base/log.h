// One line per event: `level event=refresh_failed source=work code=unavailable retry_s=30`.
// Only daemon/ and cli/ log; everything below returns Errors. A Field cannot be made from secret
// bytes.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace secretfs {

enum class Level { kDebug, kInfo, kWarning, kError };

class Field {
 public:
  Field(std::string_view key, std::string_view text) : key_(key), text_(text) {}
  Field(std::string_view key, const char* text) : key_(key), text_(text) {}
  Field(std::string_view key, const std::string& text) : key_(key), text_(text) {}
  template <std::integral T>
  Field(std::string_view key, T number) : key_(key), text_(std::to_string(number)) {}
  Field(std::string_view, const SecretBytes&) = delete;
  Field(std::string_view, const SecretPtr&) = delete;
  Field(std::string_view, ByteView) = delete;

  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string key_;
  std::string text_;
};

/// A field without text is left out. Thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  void Debug(std::string_view event, std::initializer_list<Field> fields) {
    Line(Level::kDebug, event, fields);
  }
  void Info(std::string_view event, std::initializer_list<Field> fields) {
    Line(Level::kInfo, event, fields);
  }
  void Warning(std::string_view event, std::initializer_list<Field> fields) {
    Line(Level::kWarning, event, fields);
  }
  void Error(std::string_view event, std::initializer_list<Field> fields) {
    Line(Level::kError, event, fields);
  }

 protected:
  /// `line` is complete but for its level: "event=x key=value".
  virtual void Write(Level level, const std::string& line) = 0;

 private:
  void Line(Level level, std::string_view event, std::initializer_list<Field> fields);
};

/// Lines at `lowest` and above to standard error; with syslog's <N> prefixes when that is the
/// journal.
std::unique_ptr<Log> StderrLog(Level lowest);

}  // namespace secretfs
