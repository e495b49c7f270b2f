#include "remote/op_reference.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "remote/http.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kScheme = "op://";
constexpr size_t kMaxReferenceBytes = 1024;
constexpr size_t kIdBytes = 26;
constexpr std::string_view kForm = "op://VAULT/ITEM/[SECTION/]FIELD";

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool IsPlain(char c) { return IsLetterOrDigit(c) || c == '_' || c == '.' || c == '-' || c == ' '; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Error Invalid(std::string what, std::string hint) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = Lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t slash = text.find('/'); slash != text.npos; slash = text.find('/')) {
    parts.push_back(text.substr(0, slash));
    text.remove_prefix(slash + 1);
  }
  parts.push_back(text);
  return parts;
}

/// The byte that "%XX" at `at` stands for.
Result<char> DecodeEscape(std::string_view part, size_t at) {
  const auto high = at + 1 < part.size() ? HexDigit(part[at + 1]) : std::nullopt;
  const auto low = at + 2 < part.size() ? HexDigit(part[at + 2]) : std::nullopt;
  if (!high || !low) {
    return Invalid("'%' without two hexadecimal digits in " + Quote(part), "a '%' itself is %25");
  }
  const auto byte = static_cast<unsigned char>(*high << 4U | *low);
  if (byte < ' ' || byte == 0x7f) {
    return Invalid("a control character in " + Quote(part), "use the id instead of the name");
  }
  return static_cast<char>(byte);
}

Result<std::string> Decode(std::string_view part) {
  if (part.empty())
    return Invalid("a part of the reference is empty", "the form is " + std::string(kForm));
  std::string decoded;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '%') {
      decoded += TRY(DecodeEscape(part, i));
      i += 2;
    } else if (IsPlain(part[i])) {
      decoded += part[i];
    } else {
      return Invalid("a character in " + Quote(part) + " that references do not have",
                     "write it as %XX, or use the id instead of the name");
    }
  }
  if (decoded.front() == ' ') {
    return Invalid("a part of the reference begins with a blank: " + Quote(part),
                   "use the id instead of the name");
  }
  return decoded;
}

Status ParseQuery(std::string_view query, OpReference& ref) {
  if (query == "ssh-format=openssh") {
    ref.openssh = true;
    return Ok{};
  }
  static const std::vector<std::string> known{"content", "id",    "name", "otp",  "purpose",
                                              "size",    "title", "totp", "type", "value"};
  constexpr std::string_view kAttribute = "attribute=";
  if (!query.starts_with(kAttribute)) {
    return Invalid("unknown query " + Quote(query),
                   "one of ?attribute=NAME and ?ssh-format=openssh may be there");
  }
  const std::string name(query.substr(kAttribute.size()));
  if (std::ranges::find(known, name) == known.end()) {
    return Invalid("unknown attribute " + Quote(name), SuggestFrom(name, known, "known"));
  }
  ref.attribute = name == "totp" ? "otp" : name;
  return Ok{};
}

}  // namespace

Result<OpReference> ParseOpReference(std::string_view text) {
  if (!text.starts_with(kScheme)) {
    return Invalid("not a reference: " + Quote(text), "the form is " + std::string(kForm));
  }
  if (text.size() > kMaxReferenceBytes) return Invalid("the reference is too long", "");
  OpReference ref;
  std::string_view path = text.substr(kScheme.size());
  if (const size_t query = path.find('?'); query != path.npos) {
    TRY(ParseQuery(path.substr(query + 1), ref));
    path = path.substr(0, query);
  }
  const auto parts = Split(path);
  if (parts.size() != 3 && parts.size() != 4) {
    return Invalid("not a reference: " + Quote(text), "the form is " + std::string(kForm));
  }
  ref.vault = TRY(Decode(parts[0]));
  ref.item = TRY(Decode(parts[1]));
  if (parts.size() == 4) ref.section = TRY(Decode(parts[2]));
  ref.field = TRY(Decode(parts.back()));
  return ref;
}

std::string OpDocument(const OpReference& ref) {
  return EscapePathPart(ref.vault) + "/" + EscapePathPart(ref.item);
}

Result<OpItemName> ParseOpDocument(std::string_view document) {
  const auto parts = Split(document);
  if (parts.size() != 2) return Invalid("not an item: " + Quote(document), "");
  OpItemName name;
  name.vault = TRY(Decode(parts[0]));
  name.item = TRY(Decode(parts[1]));
  return name;
}

std::string OpFieldName(const OpReference& ref) {
  return ref.section.empty() ? ref.field : ref.section + "/" + ref.field;
}

bool LooksLikeOpId(std::string_view text) {
  return text.size() == kIdBytes && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

}  // namespace secretfs::remote
