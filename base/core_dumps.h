// Keeps secrets out of core dumps, here and in programs that are started.
#pragma once

namespace secretfs {

/// Limits core dumps to 1 byte for good, which makes none: of 0, those to a program are made all
/// the same (core(5)). To 0 where no more is allowed. May be called between fork and exec. False
/// when the system refuses both.
bool ForbidCoreDumps() noexcept;

}  // namespace secretfs
