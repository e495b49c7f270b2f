// Whether a file is as good as our own: whoever can change a program that runs as root is root.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/result.h"

namespace secretfs {

/// Whether nobody but root and ourselves can change it, as its owner and mode have it. Errors:
/// kPermission, which names `path` in `what`.
Status CheckOnlyOursMayWrite(const struct stat& st, const std::string& path);

/// The same for the folders above `path`, up to the root; links are followed as the kernel does.
/// In a sticky folder what is ours cannot be replaced. Errors: kPermission, kNotFound, kIo.
Status CheckFoldersAbove(const std::string& path);

/// A program that may be run: a regular file that, with all folders above it and above what it is
/// a link to, nobody else can change. Errors: also kInvalid when it is none.
Status CheckProgram(const std::string& path);

}  // namespace secretfs
