#include "remote/secret_json.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace secretfs::remote {
namespace {

constexpr size_t kParserStackBytes = size_t{8} * 1024;

Error OutOfMemory(const std::string& where) {
  return {Code::kResource, "no memory for the answer", where,
          "raise the limit on locked memory: LimitMEMLOCK= in the unit, or `ulimit -l`"};
}

/// Finds what is wrong with a text, and keeps nothing of it.
class Checker {
 public:
  bool null() { return true; }
  bool boolean(bool /*value*/) { return true; }
  bool number_integer(SecretJson::number_integer_t /*value*/) { return true; }
  bool number_unsigned(SecretJson::number_unsigned_t /*value*/) { return true; }
  template <class Text>  // the library's reader of UBJSON, never run, has another one
  bool number_float(SecretJson::number_float_t /*value*/, const Text& /*text*/) {
    return true;
  }
  bool string(SecretString& /*value*/) { return true; }
  bool binary(SecretJson::binary_t& /*value*/) { return true; }
  bool key(SecretString& /*name*/) { return true; }
  bool start_object(size_t /*members*/) { return Enter(); }
  bool end_object() { return Leave(); }
  bool start_array(size_t /*members*/) { return Enter(); }
  bool end_array() { return Leave(); }
  bool parse_error(size_t position, const std::string& /*quotes the text*/,
                   const nlohmann::json::exception& /*quotes the text*/) {
    position_ = position;
    return false;
  }

  [[nodiscard]] bool too_deep() const { return depth_ > kMaxJsonDepth; }
  [[nodiscard]] size_t position() const { return position_; }

 private:
  bool Enter() { return ++depth_ <= kMaxJsonDepth; }
  bool Leave() {
    --depth_;
    return true;
  }
  size_t depth_ = 0;
  size_t position_ = 0;  // counts from 1
};

Status Check(std::string_view text, const std::string& where) {
  Checker checker;
  if (SecretJson::sax_parse(text.begin(), text.end(), &checker)) return Ok{};
  if (checker.too_deep()) return Error{Code::kIo, "the answer is nested too deeply", where, ""};
  const size_t offset = std::min(std::max<size_t>(checker.position(), 1) - 1, text.size());
  return Error{Code::kIo, "the answer is not JSON (byte " + std::to_string(offset) + ")", where,
               ""};
}

[[gnu::noinline]] Result<SecretJson> Parse(std::string_view text, const std::string& where) {
  try {
    TRY(Check(text, where));
    return SecretJson::parse(text.begin(), text.end(), nullptr, false);
  } catch (const std::exception&) {  // out of memory; the text of anything else may quote the input
    return OutOfMemory(where);
  }
}

/// The parser's buffer for short texts is on the stack; its frames were where this one's bytes are.
[[gnu::noinline]] void WipeStack() {
  std::array<std::byte, kParserStackBytes> below;  // NOLINT: to be overwritten, not read
  Wipe(below);
}

Error Missing(std::string_view name, std::string_view what) {
  return {Code::kIo, "the answer has no " + std::string(what) + " " + Quote(name), "", ""};
}

}  // namespace

Result<SecretJson> ParseSecretJson(ByteView text, const std::string& where) {
  if (text.size() > kMaxJsonBytes) {
    return Error{Code::kTooLarge,
                 "the answer is larger than " + std::to_string(kMaxJsonBytes) + " bytes", where,
                 ""};
  }
  auto parsed = Parse(AsText(text), where);
  WipeStack();
  return parsed;
}

const SecretJson* FindMember(const SecretJson& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto& members = object.get_ref<const SecretJson::object_t&>();
  const auto at = members.find(name);
  return at == members.end() || at->second.is_null() ? nullptr : &at->second;
}

Result<std::string_view> TextAt(const SecretJson& object, std::string_view name) {
  const SecretJson* member = FindMember(object, name);
  if (member == nullptr || !member->is_string()) return Missing(name, "text");
  return std::string_view(member->get_ref<const SecretString&>());
}

Result<const SecretJson*> ObjectAt(const SecretJson& object, std::string_view name) {
  const SecretJson* member = FindMember(object, name);
  if (member == nullptr || !member->is_object()) return Missing(name, "object");
  return member;
}

Result<const SecretJson*> ListAt(const SecretJson& object, std::string_view name) {
  const SecretJson* member = FindMember(object, name);
  if (member == nullptr || !member->is_array()) return Missing(name, "list");
  return member;
}

std::string_view TextOr(const SecretJson& object, std::string_view name) {
  const SecretJson* member = FindMember(object, name);
  if (member == nullptr || !member->is_string()) return {};
  return member->get_ref<const SecretString&>();
}

Result<SecretBytes> JsonText(const SecretJson& value) {
  if (value.is_string()) return SecretBytes::CopyOf(AsBytes(value.get_ref<const SecretString&>()));
  try {
    const SecretString text = value.dump();
    return SecretBytes::CopyOf(AsBytes(text));
  } catch (const std::exception&) {
    return OutOfMemory("");
  }
}

}  // namespace secretfs::remote
