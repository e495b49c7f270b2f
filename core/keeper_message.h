// What the daemon and its keeper say to each other: frames of four bytes of length (big-endian) and
// that many bytes. The daemon asks, and gets one answer for each request. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs {

constexpr size_t kFrameHead = 4;
constexpr size_t kMostFrame = size_t{32} << 20U;  // without its head

/// What is to be kept of a secret or view outside of the mount.
struct Kept {
  std::string name;  // of the secret or view
  std::string path;  // of the link or copy
  auto operator<=>(const Kept&) const = default;
};

struct KeeperRequest {
  enum class Kind {
    kWanted,  // all that is to be kept; what else the keeper has made goes
    kCopy,    // the newest content of one copy
  };
  Kind kind = Kind::kWanted;
  std::vector<Kept> links{};   // of kWanted
  std::vector<Kept> copies{};  // of kWanted, and the one of kCopy
  ByteView content{};          // of kCopy; lies in what was parsed
};

struct KeeperAnswer {
  std::vector<Error> problems;       // what could not be done
  std::vector<std::string> missing;  // paths of copies that are wanted and not there
};

/// A whole frame, but for the content of kCopy, which follows it.
Bytes KeeperFrame(const KeeperRequest& request);
Bytes KeeperFrame(const KeeperAnswer& answer);

/// The length that a frame's head tells. Errors: kTooLarge.
Result<size_t> FrameSize(ByteView head);

/// What is in a frame. Errors: kInvalid for anything that KeeperFrame() does not make.
Result<KeeperRequest> ParseKeeperRequest(ByteView frame);
Result<KeeperAnswer> ParseKeeperAnswer(ByteView frame);

}  // namespace secretfs
