#include "remote/op_item.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "crypto/openssh_form.h"
#include "remote/otp.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kNoSection = "add more";  // where the apps put what is in no section
constexpr size_t kMostIdsTold = 10;

Error Invalid(std::string what, std::string hint = {}) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}

std::string_view SectionOf(const SecretJson& part) {
  const SecretJson* section = FindMember(part, "section");
  const std::string_view id = section == nullptr ? "" : TextOr(*section, "id");
  return id == kNoSection ? "" : id;
}

/// The objects of a list that is there, or none.
std::vector<const SecretJson*> PartsOf(const SecretJson& item, std::string_view list) {
  std::vector<const SecretJson*> parts;
  const SecretJson* found = FindMember(item, list);
  if (found == nullptr || !found->is_array()) return parts;
  for (const SecretJson& part : *found) {
    if (part.is_object()) parts.push_back(&part);
  }
  return parts;
}

std::vector<OpNamed> NamesOf(const std::vector<const SecretJson*>& parts, std::string_view name) {
  std::vector<OpNamed> named;
  named.reserve(parts.size());
  for (const SecretJson* part : parts) named.push_back({TextOr(*part, "id"), TextOr(*part, name)});
  return named;
}

/// Of every section with that id or name; more than one may have it.
Result<std::vector<std::string_view>> FindSections(const SecretJson& item,
                                                   const std::string& wanted) {
  const auto names = NamesOf(PartsOf(item, "sections"), "label");
  std::vector<std::string_view> ids;
  for (const size_t at : MatchOpNames(wanted, names)) ids.push_back(names[at].id);
  if (ids.empty())
    return Error{Code::kNotFound, "the item has no section " + Quote(wanted), "", ""};
  return ids;
}

/// Fields or files that may be meant, in the order of preference: all of one group before the next.
using Groups = std::vector<std::vector<const SecretJson*>>;

Result<Groups> GroupsOf(const SecretJson& item, const OpReference& ref, std::string_view list) {
  const auto parts = PartsOf(item, list);
  Groups groups;
  if (!ref.section.empty()) {
    const auto sections = TRY(FindSections(item, ref.section));
    auto& inside = groups.emplace_back();
    std::ranges::copy_if(parts, std::back_inserter(inside), [&](const SecretJson* part) {
      return std::ranges::find(sections, SectionOf(*part)) != sections.end();
    });
    return groups;
  }
  groups.resize(2);
  for (const SecretJson* part : parts) groups[SectionOf(*part).empty() ? 0 : 1].push_back(part);
  return groups;
}

/// The one part that is named, or null.
Result<const SecretJson*> FindPart(const SecretJson& item, const OpReference& ref,
                                   std::string_view list, std::string_view name) {
  for (const auto& parts : TRY(GroupsOf(item, ref, list))) {
    const auto matches = MatchOpNames(ref.field, NamesOf(parts, name));
    if (matches.size() == 1) return parts[matches.front()];
    if (matches.empty()) continue;
    std::vector<std::string> ids;
    for (const size_t at : matches) ids.emplace_back(TextOr(*parts[at], "id"));
    return SeveralMatch(list, ref.field, ids);
  }
  return nullptr;
}

Result<SecretBytes> MemberText(const SecretJson& part, std::string_view name) {
  const SecretJson* member = FindMember(part, name);
  if (member == nullptr) return SecretBytes();
  return JsonText(*member);
}

Result<SecretBytes> OneTimePasswordOf(const SecretJson& field) {
  auto value = TRY(MemberText(field, "value"));
  const std::string_view type = TextOr(field, "type");
  const bool url = EqualsIgnoringCase(AsText(value.Expose()).substr(0, 10), "otpauth://");
  if (type != "OTP" && type != "TOTP" && !url) {
    return Invalid("the field is not a one-time password", "leave out ?attribute=otp");
  }
  TRY(ParseOtp(value.Expose()));  // what is wrong with it is told now, not to who reads it
  return value;
}

Result<OpSecret> SelectField(const SecretJson& field, const OpReference& ref) {
  if (ref.openssh) {
    const auto value = TRY(MemberText(field, "value"));
    return OpSecret(TRY(crypto::ToOpenSshForm(value.Expose())));
  }
  const std::string& attribute = ref.attribute;
  if (attribute == "otp") return OpSecret(TRY(OneTimePasswordOf(field)));
  if (attribute.empty()) return OpSecret(TRY(MemberText(field, "value")));
  if (attribute == "title") return OpSecret(TRY(MemberText(field, "label")));
  if (attribute == "content" || attribute == "size" || attribute == "name") {
    return Invalid("a field has no attribute " + Quote(attribute), "files have it");
  }
  return OpSecret(TRY(MemberText(field, attribute)));
}

Result<OpSecret> SelectFile(const SecretJson& file, const OpReference& ref) {
  if (ref.openssh) return Invalid("a file has no SSH format", "fields have it");
  const std::string& attribute = ref.attribute;
  if (attribute.empty() || attribute == "content") {
    OpFile found{std::string(TextOr(file, "id")), std::string(TextOr(file, "name")), {}};
    const SecretJson* size = FindMember(file, "size");
    if (size != nullptr && size->is_number_unsigned()) found.size = size->get<uint64_t>();
    return OpSecret(std::move(found));
  }
  if (attribute == "otp" || attribute == "value" || attribute == "purpose" ||
      attribute == "title") {
    return Invalid("a file has no attribute " + Quote(attribute), "fields have it");
  }
  return OpSecret(TRY(MemberText(file, attribute)));
}

Error NoSuchField(const SecretJson& item, const OpReference& ref) {
  std::vector<std::string> known;
  for (const SecretJson* part : PartsOf(item, "fields")) known.emplace_back(TextOr(*part, "label"));
  for (const SecretJson* part : PartsOf(item, "files")) known.emplace_back(TextOr(*part, "name"));
  const auto near = ClosestWord(ref.field, known);
  return {Code::kNotFound, "the item has no field or file " + Quote(OpFieldName(ref)), "",
          near ? "did you mean " + Quote(*near) + "?" : ""};
}

}  // namespace

std::vector<size_t> MatchOpNames(std::string_view wanted, const std::vector<OpNamed>& named) {
  const auto all = [&](auto matches) {
    std::vector<size_t> found;
    for (size_t i = 0; i < named.size(); ++i) {
      if (matches(named[i])) found.push_back(i);
    }
    return found;
  };
  auto found = all([&](const OpNamed& one) { return one.id == wanted; });
  if (found.empty()) found = all([&](const OpNamed& one) { return one.name == wanted; });
  if (found.empty()) {
    found = all([&](const OpNamed& one) { return EqualsIgnoringCase(one.name, wanted); });
  }
  return found;
}

Error SeveralMatch(std::string_view kind, std::string_view wanted,
                   const std::vector<std::string>& ids) {
  std::vector<std::string> told;
  for (const std::string& id : ids) {
    if (told.size() < kMostIdsTold) told.push_back(Printable(id));
  }
  if (told.size() < ids.size()) told.emplace_back("...");
  return Invalid("several " + std::string(kind) + " match " + Quote(wanted),
                 "use an id: " + Join(told));
}

Result<OpItem> OpItem::Parse(ByteView text, const std::string& where) {
  auto json = TRY(ParseSecretJson(text, where));
  if (!json.is_object() || TextOr(json, "id").empty()) {
    return Error{Code::kIo, "the answer is no item", where, ""};
  }
  return OpItem(std::move(json));
}

std::string OpItem::version() const {
  const SecretJson* version = FindMember(json_, "version");
  if (version == nullptr || !version->is_number_integer()) return "";
  return std::to_string(version->get<int64_t>());
}

Result<OpSecret> OpItem::Select(const OpReference& ref) const {
  if (const auto* field = TRY(FindPart(json_, ref, "fields", "label"))) {
    return SelectField(*field, ref);
  }
  if (const auto* file = TRY(FindPart(json_, ref, "files", "name"))) return SelectFile(*file, ref);
  return NoSuchField(json_, ref);
}

Result<SecretBytes> ComputeOpSecret(const OpReference& ref, ByteView fetched, WallTime now) {
  if (!IsOneTimePassword(ref)) return SecretBytes::CopyOf(fetched);
  const auto otp = TRY(ParseOtp(fetched));
  return OtpOfTime(otp, now);
}

}  // namespace secretfs::remote
