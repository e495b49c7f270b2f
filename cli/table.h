// A table for people: columns as wide as their widest cell, two blanks between.
#pragma once

#include <string>
#include <vector>

namespace secretfs {

/// Lines without trailing blanks, each with its newline. Rows may be shorter than the heading.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);
/// The same for a part of a table: columns are at least as wide as `widths`, which grows with them.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows,
                        std::vector<size_t>& widths);

}  // namespace secretfs
