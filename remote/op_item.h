// OpItem: an item of 1Password as Connect and `op` give it, in JSON, and how a reference finds a
// field or a file in it: by id, by name, or by name but for the case if that is unique. Without a
// section in the reference, what is in no section comes first. Const use is thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/op_reference.h"
#include "remote/secret_json.h"

namespace secretfs::remote {

/// A file whose content is asked for by itself.
struct OpFile {
  std::string id;
  std::string name;
  std::optional<uint64_t> size;  // as the item says
};

using OpSecret = std::variant<SecretBytes, OpFile>;

class OpItem {
 public:
  /// `where` is for messages. Errors: kIo when it is no item, kTooLarge, kResource.
  static Result<OpItem> Parse(ByteView json, const std::string& where);

  [[nodiscard]] std::string id() const { return std::string(TextOr(json_, "id")); }
  [[nodiscard]] std::string title() const { return std::string(TextOr(json_, "title")); }
  /// As text; "" when it has none.
  [[nodiscard]] std::string version() const;

  /// What the reference names, whatever vault and item are in it. A field without a value is empty;
  /// a one-time password is what ComputeOpSecret() takes. Errors: kNotFound; kInvalid when several
  /// match, with their ids, or what matches has no such attribute; kUnsupported, kResource.
  [[nodiscard]] Result<OpSecret> Select(const OpReference& ref) const;

 private:
  explicit OpItem(SecretJson json) : json_(std::move(json)) {}
  SecretJson json_;
};

/// The secret of a reference from the bytes that Select() gave: themselves, or the one-time
/// password of now. Errors: kInvalid, kUnsupported, kResource.
Result<SecretBytes> ComputeOpSecret(const OpReference& ref, ByteView fetched, WallTime now);

/// A thing that has an id and a name, for finding by either.
struct OpNamed {
  std::string_view id;
  std::string_view name;
};

/// The positions of those that `wanted` names, by the first way that finds any: id, name, name but
/// for the case.
std::vector<size_t> MatchOpNames(std::string_view wanted, const std::vector<OpNamed>& named);

/// kInvalid: "several KIND match 'NAME'", with the ids in the hint.
Error SeveralMatch(std::string_view kind, std::string_view wanted,
                   const std::vector<std::string>& ids);

}  // namespace secretfs::remote
