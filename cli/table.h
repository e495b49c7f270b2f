// A table for people: columns as wide as their widest cell, two blanks between.
#pragma once

#include <string>
#include <vector>

namespace secretfs {

/// Lines without trailing blanks, each with its newline. Rows may be shorter than the heading.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace secretfs
