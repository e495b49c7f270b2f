#include "providers/age_file.h"

#include "base/file.h"
#include "crypto/age.h"
#include "providers/fd_source.h"
#include "providers/identity_store.h"

namespace secretfs {
namespace {

class AgeFileProvider final : public Provider {
 public:
  explicit AgeFileProvider(std::shared_ptr<IdentityStore> identities)
      : identities_(std::move(identities)) {}

  Result<Value> Fetch(const std::string& ref, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    const UniqueFd fd = TRY(OpenRegular(ref));
    const FileStamp stamp = TRY(StampOf(fd.get(), ref));
    const IdentityStore::Current keys = identities_->Get();
    FdSource source(fd.get(), ref);
    auto plaintext = age::DecryptAll(source, keys.identities, kMaxValueBytes);
    if (!plaintext) return Explain(std::move(plaintext).error(), ref, keys);
    Value value;
    value.bytes = std::move(*plaintext);
    value.modified = stamp.modified;
    return value;
  }

 private:
  /// The file's name, and which identities could not even be tried.
  static Error Explain(Error error, const std::string& ref, const IdentityStore::Current& keys) {
    if (error.where.empty()) error.where = ref;
    if (error.code != Code::kNoMatch) return error;
    for (const Error& problem : keys.problems)
      error.what += "; identity not tried: " + problem.Text();
    if (keys.identities.empty() && keys.problems.empty()) {
      error.hint = "the configuration has no `identities`";
    }
    return error;
  }

  std::shared_ptr<IdentityStore> identities_;
};

}  // namespace

std::unique_ptr<Provider> MakeAgeFileProvider(std::shared_ptr<IdentityStore> identities) {
  return std::make_unique<AgeFileProvider>(std::move(identities));
}

}  // namespace secretfs
