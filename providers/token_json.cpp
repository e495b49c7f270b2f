#include "providers/token_json.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"

namespace secretfs {
namespace {

constexpr size_t kMostTokens = 10000;

/// Wipes what the parser hands over, and the rest of the string's memory: short strings are on the
/// stack.
void WipeString(std::string& text) {
  text.resize(text.capacity());
  Wipe(ByteSpan(reinterpret_cast<std::byte*>(text.data()), text.size()));
  text.clear();
}

/// Reads the text and counts the bytes that the parser has taken, which its events do not tell.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, size_t* taken) : at_(at), taken_(taken) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*taken_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  size_t* taken_;
};

/// Takes nlohmann's events. The first thing that is wrong ends the parse and stays in error().
class Handler {
 public:
  Handler(std::string_view text, const std::string& file, const size_t& taken)
      : text_(text), file_(file), taken_(taken) {}

  bool key(std::string& name) {
    const bool sound = depth_ == 1 ? StartHost(name) : StartMember(name);
    WipeString(name);
    return sound;
  }

  bool string(std::string& value) {
    const bool sound = depth_ == 0   ? WrongType("a string")
                       : depth_ == 1 ? SetToken(value)
                                     : SetMember(value);
    WipeString(value);
    return sound;
  }

  bool start_object(size_t /*members*/) {
    if (depth_ == 2) return Wrong("an object where a string is expected");
    if (++depth_ == 2) members_.clear();
    return true;
  }

  bool end_object() {
    if (--depth_ == 1 && table_.back().value.empty()) {
      return Wrong("no 'token' for " + Quote(table_.back().host));
    }
    return true;
  }

  bool null() { return WrongType("null"); }
  bool boolean(bool) { return WrongType("true or false"); }
  bool number_integer(nlohmann::json::number_integer_t) { return WrongType("a number"); }
  bool number_unsigned(nlohmann::json::number_unsigned_t) { return WrongType("a number"); }
  bool number_float(nlohmann::json::number_float_t, const std::string&) {
    return WrongType("a number");
  }
  bool binary(nlohmann::json::binary_t&) { return WrongType("binary data"); }
  bool start_array(size_t) { return WrongType("an array"); }
  bool end_array() { return WrongType("an array"); }

  bool parse_error(size_t position, const std::string& /*quotes the text*/,
                   const nlohmann::json::exception& /*quotes the text*/) {
    // The parser counts the end of the text as one more byte.
    const size_t at = std::min(position == 0 ? 0 : position - 1, text_.size());
    const bool ended = position > taken_;
    return Wrong(ended ? "the text ends too early for JSON" : "this is not JSON", at,
                 "the form is {\"HOST\": \"TOKEN\", ...}");
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  TokenTable TakeTable() { return std::move(table_); }

 private:
  bool StartHost(const std::string& host) {
    if (host.empty()) return Wrong("a host is empty");
    if (!hosts_.insert(host).second) return Wrong("a second token for " + Quote(host));
    if (table_.size() == kMostTokens) {
      Wrong("more than " + std::to_string(kMostTokens) + " hosts");
      error_->code = Code::kTooLarge;
      return false;
    }
    Token token;
    token.host = host;
    table_.push_back(std::move(token));
    return true;
  }

  bool StartMember(const std::string& name) {
    static const std::vector<std::string> known{"token", "user", "kind"};
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      // Not quoted: who mixes up keys and values has a token here.
      return Wrong("unknown key", TokenStart(), SuggestFrom(name, known, "known"));
    }
    if (!members_.insert(name).second) return Wrong("a second " + Quote(name));
    member_ = name;
    return true;
  }

  bool SetMember(const std::string& value) {
    if (member_ == "token") return SetToken(value);
    if (member_ == "user") return SetUser(value);
    return SetKind(value);
  }

  bool SetToken(const std::string& value) {
    if (value.empty()) return Wrong("the token is empty");
    auto copy = SecretBytes::CopyOf(AsBytes(value));
    if (!copy) {
      error_ = std::move(copy).error();
      return false;
    }
    table_.back().value = std::move(*copy);
    return true;
  }

  bool SetUser(const std::string& value) {
    if (value.empty()) return Wrong("the user is empty");
    table_.back().user = value;
    return true;
  }

  bool SetKind(const std::string& value) {
    const auto kind = TokenKindFromName(value);
    if (!kind)
      return Wrong("unknown kind", TokenStart(), SuggestFrom(value, TokenKindNames(), "known"));
    table_.back().kind = *kind;
    return true;
  }

  bool WrongType(std::string_view found) {
    const char* expected = depth_ == 0   ? "an object of hosts"
                           : depth_ == 1 ? "a token or an object"
                                         : "a string";
    return Wrong(std::string(found) + " where " + expected + " is expected");
  }

  bool Wrong(std::string what) { return Wrong(std::move(what), TokenStart(), ""); }
  bool Wrong(std::string what, size_t at, std::string hint) {
    error_ = Error{Code::kInvalid, std::move(what), Where(at), std::move(hint)};
    return false;
  }

  /// Where the JSON token starts that the parser has just read.
  [[nodiscard]] size_t TokenStart() const {
    size_t at = std::min(taken_, text_.size());
    if (at > 0) --at;
    if (text_[at] == '"') return QuoteBefore(at);
    const auto in_word = [&](size_t i) { return kWordBytes.find(text_[i]) != kWordBytes.npos; };
    if (!in_word(at) && at > 0 && in_word(at - 1)) --at;  // a number is read one byte too far
    while (in_word(at) && at > 0 && in_word(at - 1)) --at;
    return at;
  }

  /// The opening quote of the string that ends at `end`: the next one back that no \ escapes.
  [[nodiscard]] size_t QuoteBefore(size_t end) const {
    size_t at = end;
    while (at > 0) {
      if (text_[--at] != '"') continue;
      size_t first = at;
      while (first > 0 && text_[first - 1] == '\\') --first;
      if ((at - first) % 2 == 0) break;
    }
    return at;
  }

  [[nodiscard]] std::string Where(size_t at) const {
    const std::string_view before = text_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const size_t column = at - (before.rfind('\n') + 1) + 1;
    return file_ + ":" + std::to_string(line) + ":" + std::to_string(column);
  }

  static constexpr std::string_view kWordBytes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
  const std::string_view text_;
  const std::string& file_;
  const size_t& taken_;
  TokenTable table_;
  std::set<std::string> hosts_;
  std::set<std::string> members_;  // of the object being read
  std::string member_;
  int depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<TokenTable> ParseTokenJson(const SecretBytes& text, const std::string& file) {
  const std::string_view bytes = AsText(text.Expose());
  size_t taken = 0;
  Handler handler(bytes, file, taken);
  try {
    nlohmann::json::sax_parse(CountingIterator(bytes.data(), &taken),
                              CountingIterator(bytes.data() + bytes.size(), &taken), &handler);
  } catch (const std::exception&) {  // out of memory; the text of anything else may quote the input
    return Error{Code::kResource, "cannot read the JSON", file, ""};
  }
  if (handler.error()) return *handler.error();
  return handler.TakeTable();
}

}  // namespace secretfs
