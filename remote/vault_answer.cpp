#include "remote/vault_answer.h"

#include <vector>

#include "base/text.h"
#include "remote/secret_json.h"
#include "remote/vault_ref.h"
#include "remote/vault_session.h"

namespace secretfs::remote {
namespace {

constexpr size_t kMostNames = 20;

std::vector<std::string> NamesOf(const SecretJson& fields) {
  std::vector<std::string> names;
  for (const auto& [name, value] : fields.get_ref<const SecretJson::object_t&>())
    names.push_back(Printable(name));
  return names;
}

std::string List(std::vector<std::string> names) {
  const bool cut = names.size() > kMostNames;
  if (cut) names.resize(kMostNames);
  return Join(names) + (cut ? ", ..." : "");
}

Result<SecretBytes> Pick(const SecretJson& fields, const std::string& ref,
                         const std::string& where) {
  const VaultReference wanted = TRY(ParseVaultReference(ref));
  const std::vector<std::string> names = NamesOf(fields);
  if (names.empty()) return Error{Code::kNotFound, "there are no fields", where, ""};
  if (wanted.field.empty() && names.size() > 1) {
    return Error{Code::kInvalid, "which field? there are several: " + List(names), where,
                 "write it behind the path, as in " + wanted.path + "#" + names.front()};
  }
  const auto& members = fields.get_ref<const SecretJson::object_t&>();
  const auto at =
      wanted.field.empty() ? members.begin() : members.find(std::string_view(wanted.field));
  if (at == members.end()) {
    return Error{Code::kNotFound, "there is no field " + Quote(wanted.field), where,
                 SuggestFrom(wanted.field, names, "fields")};
  }
  if (at->second.is_null())
    return Error{Code::kNotFound, "the field " + Quote(std::string_view(at->first)) + " is null",
                 where, ""};
  return JsonText(at->second);
}

/// "version 3 was deleted at 2026-11-21T04:35:00Z", or "".
std::string Deletion(const SecretJson& metadata) {
  const SecretJson* number = FindMember(metadata, "version");
  std::string version = "the newest version";
  if (number != nullptr && number->is_number_unsigned())
    version = "version " + std::to_string(number->get<uint64_t>());
  const SecretJson* destroyed = FindMember(metadata, "destroyed");
  if (destroyed != nullptr && destroyed->is_boolean() && destroyed->get<bool>())
    return version + " was destroyed";
  const std::string_view time = TextOr(metadata, "deletion_time");
  return time.empty() ? "" : version + " was deleted at " + Printable(time);
}

Error NotFound(const HttpAnswer& answer, const std::string& where) {
  Error error{Code::kNotFound, "there is no secret", where, "are 'mount' and the path right?"};
  const auto json = ParseSecretJson(answer.body.Expose(), where);
  if (!json) return VaultError(answer, where);
  if (const SecretJson* data = FindMember(*json, "data")) {
    const SecretJson* metadata = FindMember(*data, "metadata");
    const std::string deletion = metadata == nullptr ? "" : Deletion(*metadata);
    if (!deletion.empty())
      return {Code::kNotFound, deletion, where, "undelete it, or write a new version"};
  }
  if (const SecretJson* warnings = FindMember(*json, "warnings");
      warnings != nullptr && warnings->is_array() && !warnings->empty() &&
      warnings->front().is_string()) {
    error.what += ": " + Quote(warnings->front().get_ref<const SecretString&>());
  }
  const Error said = VaultError(answer, where);
  if (said.what.find(':') != said.what.npos) error.what = said.what;
  return error;
}

/// A path that is deleted with all its versions begins anew with 1.
std::string VersionOf(const SecretJson& data) {
  const SecretJson* metadata = FindMember(data, "metadata");
  if (metadata == nullptr) return "";
  const SecretJson* number = FindMember(*metadata, "version");
  const std::string_view time = TextOr(*metadata, "created_time");
  if (number == nullptr || !number->is_number_unsigned() || time.empty()) return "";
  return std::to_string(number->get<uint64_t>()) + " of " + Printable(time);
}

}  // namespace

Result<Given> ReadVaultAnswer(const HttpAnswer& answer, const Wanted& wanted,
                              const std::string& where) {
  constexpr int kOk = 200;
  constexpr int kNotFound = 404;
  if (answer.status == kNotFound) return NotFound(answer, where);
  if (answer.status != kOk) return VaultError(answer, where);
  const SecretJson json = TRY(ParseSecretJson(answer.body.Expose(), where));
  const SecretJson* data = FindMember(json, "data");
  const SecretJson* fields = data == nullptr ? nullptr : FindMember(*data, "data");
  if (fields == nullptr || !fields->is_object()) {
    return Error{Code::kIo, "this is not what a KV store of version 2 answers", where,
                 "is 'mount' one of version 2?"};
  }
  Given given;
  given.version = VersionOf(*data);
  given.unchanged = !given.version.empty() && given.version == wanted.version;
  if (given.unchanged) return given;
  for (const std::string& ref : wanted.refs)
    given.secrets.push_back({ref, Pick(*fields, ref, where)});
  return given;
}

}  // namespace secretfs::remote
