#include "providers/age_file.h"

#include "base/file.h"
#include "crypto/age.h"
#include "crypto/seekable_file.h"
#include "providers/fd_source.h"
#include "providers/identity_store.h"
#include "providers/source_file.h"

namespace secretfs {
namespace {

/// Chunks are decrypted as they are asked for.
class AgeContent final : public Content {
 public:
  AgeContent(std::unique_ptr<const age::SeekableFile> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}
  [[nodiscard]] uint64_t size() const noexcept override { return file_->size(); }
  Status ReadAt(uint64_t offset, ByteSpan into) const override {
    auto read = file_->ReadAt(offset, into);
    if (read) return Ok{};
    if (read.error().where.empty()) read.error().where = name_;
    return std::move(read).error();
  }

  [[nodiscard]] Result<Bytes> Identify() const override { return file_->Identify(); }

 private:
  const std::unique_ptr<const age::SeekableFile> file_;
  const std::string name_;
};

/// What fits into memory as bytes, what is larger as content.
Result<Value> ValueOf(std::unique_ptr<const age::SeekableFile> file, const std::string& name) {
  Value value;
  if (file->size() > kMaxValueBytes) {
    value.content = std::make_shared<const AgeContent>(std::move(file), name);
  } else {
    value.bytes = TRY(SecretBytes::Make(
        file->size(), [&](ByteSpan into) { return file->ReadAt(0, into.first(file->size())); }));
  }
  return value;
}

Result<SecretBytes> DecryptWhole(age::ByteSource& source,
                                 std::span<const age::IdentityPtr> identities,
                                 IdentityStore& store) {
  auto decryption = TRY(age::Decryption::Open(source, identities));
  store.Warn(decryption.warnings());
  return decryption.ReadAll(kMaxValueBytes);
}

/// Armor can be read only from its beginning.
Result<Value> DecryptArmored(const age::SeekableSource& source,
                             std::span<const age::IdentityPtr> identities, IdentityStore& store) {
  age::FromBeginning beginning(source);
  auto plaintext = DecryptWhole(beginning, identities, store);
  if (!plaintext && plaintext.error().code == Code::kTooLarge && plaintext.error().hint.empty()) {
    plaintext.error().hint = "store it without armor: then it may be larger";
  }
  Value value;
  value.bytes = TRY(std::move(plaintext));
  return value;
}

Result<Value> Decrypt(UniqueFd fd, const FileStamp& stamp, const std::string& name,
                      std::span<const age::IdentityPtr> identities, IdentityStore& store) {
  const auto size = static_cast<uint64_t>(stamp.size);
  if (size > kMaxValueBytes) {
    const auto source = std::make_shared<const FdSeekable>(std::move(fd), size, name);
    auto file = age::SeekableFile::Open(source, identities);
    if (file) store.Warn((*file)->warnings());
    if (file) return ValueOf(std::move(*file), name);
    if (file.error().code != Code::kUnsupported) return std::move(file).error();
    return DecryptArmored(*source, identities, store);
  }
  FdSource source(fd.get(), name);
  Value value;
  value.bytes = TRY(DecryptWhole(source, identities, store));
  return value;
}

class AgeFileProvider final : public Provider {
 public:
  explicit AgeFileProvider(std::shared_ptr<IdentityStore> identities)
      : identities_(std::move(identities)) {}

  [[nodiscard]] std::vector<std::string> FilesOf(const std::string& ref) const override {
    return {ref};
  }

  Result<Value> Fetch(const FetchRequest& request, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    const std::string& ref = request.document;
    UniqueFd fd = TRY(OpenSource(ref));
    const FileStamp stamp = TRY(StampOf(fd.get(), ref));
    const IdentityStore::Current keys = identities_->Get();
    auto value = Decrypt(std::move(fd), stamp, ref, keys.identities, *identities_);
    if (!value) return Explain(std::move(value).error(), ref, keys);
    value->modified = stamp.modified;
    return value;
  }

 private:
  /// The file's name, and which identities could not even be tried.
  static Error Explain(Error error, const std::string& ref, const IdentityStore::Current& keys) {
    if (error.where.empty()) error.where = ref;
    if (error.code != Code::kNoMatch) return error;
    for (const Error& problem : keys.problems) {
      error.what += "; identity not tried: " + problem.Text();
      error.may_come |= problem.may_come;
    }
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
