#include "providers/plain_file.h"

#include "base/file.h"

namespace secretfs {
namespace {

class PlainFileProvider final : public Provider {
 public:
  Result<Value> Fetch(const std::string& ref, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    const UniqueFd fd = TRY(OpenRegular(ref));
    Value value;
    value.modified = TRY(StampOf(fd.get(), ref)).modified;
    value.bytes = TRY(ReadAllSecret(fd.get(), kMaxValueBytes, ref));
    return value;
  }
};

}  // namespace

std::unique_ptr<Provider> MakePlainFileProvider() { return std::make_unique<PlainFileProvider>(); }

}  // namespace secretfs
