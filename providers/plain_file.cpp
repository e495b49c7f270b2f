#include "providers/plain_file.h"

#include <array>
#include <span>

#include "base/file.h"
#include "providers/source_file.h"

namespace secretfs {
namespace {

/// A file that is written to while it is in use could give a mixture of two versions: then it gives
/// nothing more. (A write in the same instant of the file system's clock as the one before goes
/// unnoticed.)
class PlainContent final : public Content {
 public:
  PlainContent(UniqueFd fd, const FileStamp& stamp, std::string name)
      : fd_(std::move(fd)), stamp_(stamp), name_(std::move(name)) {}
  [[nodiscard]] uint64_t size() const noexcept override {
    return static_cast<uint64_t>(stamp_.size);
  }
  Status ReadAt(uint64_t offset, ByteSpan into) const override {
    const size_t count = TRY(secretfs::ReadAt(fd_.get(), offset, into, name_));
    const FileStamp now = TRY(StampOf(fd_.get(), name_));
    if (count == into.size() && IsWhatItWas(now)) return Ok{};
    return Error{Code::kInvalid, "was written to while it was in use", name_,
                 "replace the file instead: write a new one beside it, and rename that"};
  }

  /// By the file and its state: reading it fails once that is another.
  [[nodiscard]] Result<Bytes> Identify() const override {
    const auto number = [](WallTime time) {
      return static_cast<uint64_t>(time.time_since_epoch().count());
    };
    const std::array<uint64_t, 5> state{stamp_.device, stamp_.inode, size(),
                                        number(stamp_.modified), number(stamp_.changed)};
    const auto bytes = std::as_bytes(std::span(state));
    return Bytes(bytes.begin(), bytes.end());
  }

 private:
  /// Without `changed`, which is another when the file has lost its name to the one that replaced
  /// it.
  [[nodiscard]] bool IsWhatItWas(const FileStamp& now) const {
    return now.size == stamp_.size && now.modified == stamp_.modified;
  }

  const UniqueFd fd_;
  const FileStamp stamp_;
  const std::string name_;
};

class PlainFileProvider final : public Provider {
 public:
  [[nodiscard]] std::vector<std::string> FilesOf(const std::string& ref) const override {
    return {ref};
  }

  Result<Value> Fetch(const FetchRequest& request, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    const std::string& ref = request.document;
    UniqueFd fd = TRY(OpenSource(ref));
    const FileStamp stamp = TRY(StampOf(fd.get(), ref));
    Value value;
    value.modified = stamp.modified;
    if (stamp.size > static_cast<off_t>(kMaxValueBytes)) {
      value.content = std::make_shared<const PlainContent>(std::move(fd), stamp, ref);
    } else {
      value.bytes = TRY(ReadAllSecret(fd.get(), kMaxValueBytes, ref));
    }
    return value;
  }
};

}  // namespace

std::unique_ptr<Provider> MakePlainFileProvider() { return std::make_unique<PlainFileProvider>(); }

}  // namespace secretfs
