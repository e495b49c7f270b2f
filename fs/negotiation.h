// What a server and the kernel agree on at the beginning of a connection (FUSE_INIT), which the
// servers after it have to keep. Pure.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace secretfs::fs {

/// The INIT of the kernel as a successor gets it: it offers no more than was agreed on, so that
/// a newer libfuse does not take more. With room behind it (fs/request.h). Nothing when these bytes
/// are no INIT and its reply.
std::optional<Bytes> AgreedRequest(ByteView request, ByteView reply);

/// Whether what a successor would reply to that means to the kernel what was agreed on.
bool KeepsAgreement(ByteView agreed, ByteView offered) noexcept;

/// Whether the kernel that began with this INIT can send again what is not answered.
bool OffersResend(ByteView request) noexcept;

/// Whether it says yes: one with an error begins nothing.
bool IsAgreement(ByteView reply) noexcept;

}  // namespace secretfs::fs
