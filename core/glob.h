// Patterns of paths, for rules: `*` and `?` stay within a folder, `**` stands alone between slashes
// and is any number of folders, `\` takes the meaning from what follows it. Names that begin with a
// dot are names like others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace secretfs {

/// Why `glob` is no pattern, as the end of a sentence that begins with it, or nothing.
std::optional<std::string> GlobProblem(std::string_view glob);

/// Whether all of `path` fits; in time that is no more than the product of their lengths. `glob`
/// has no problem.
bool GlobMatches(std::string_view glob, std::string_view path) noexcept;

/// The pattern that fits `path` alone.
std::string GlobFor(std::string_view path);

}  // namespace secretfs
