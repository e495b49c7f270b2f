// Names of secrets and views: paths below the mount point.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace secretfs {

/// Why `name` cannot be one, as the end of a sentence that begins with it ("has an empty
/// component"), or nothing. Top-level names `machines` and those that begin with '.' are ours.
std::optional<std::string> NameProblem(std::string_view name);

/// True for a path without empty, '.' and '..' components, NUL bytes or components over 255 bytes.
bool IsEntryName(std::string_view name);

/// The folder at the top in which units find what they may have under the names of credentials.
constexpr std::string_view kCredstore = ".credstore";

/// A path below the mount point without folders: `db/prod` is "db.prod".
std::string FlatName(std::string_view path);

/// The name of a secret or view as a credential of systemd, which has no folders:
/// `db/prod/password` is "db.prod.password". Empty for one that systemd would not take (over 255
/// bytes, `:`, control characters, other than ASCII) and for what is ours.
std::string CredentialName(std::string_view name);

}  // namespace secretfs
