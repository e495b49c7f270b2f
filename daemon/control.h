// The socket between a supervisor and its server. A message is one byte (daemon/supervision.h says
// which there are).
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

/// Which descriptors a server gets, by number (base/heir.h).
inline constexpr int kDeviceNumber = 3;
inline constexpr int kStateNumber = 4;
inline constexpr int kControlNumber = 5;
inline constexpr int kRootNumber = 6;

struct ControlSocket {
  UniqueFd ours;
  UniqueFd theirs;
};
Result<ControlSocket> MakeControlSocket();

/// Never waits: a message to who does not listen is lost.
void SendControl(int socket, char message) noexcept;

enum class Heard { kMessage, kNothing, kEnd };
/// What is there by now; `message` is set when one is. Does not wait.
Heard ReceiveControl(int socket, char& message) noexcept;

}  // namespace secretfs
