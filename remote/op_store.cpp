#include "remote/op_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <variant>

#include "base/text.h"
#include "remote/either_stop.h"
#include "remote/op_inject.h"
#include "remote/op_item.h"
#include "remote/op_names.h"
#include "remote/op_program.h"
#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kBatch = "all";  // no item's document: those have a '/'
// What `op` is said to ask of the service for each.
constexpr unsigned kOfVaults = 1;
constexpr unsigned kOfItems = 2;  // one, and one for the vault
constexpr unsigned kOfItem = 1;   // by its id
constexpr unsigned kOfFile = 2;   // its item, and its content

/// Whether it says something about all that the store is asked, not about this one thing.
bool ConcernsAll(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
    case Code::kInvalid:
    case Code::kPermission:
    case Code::kUnsupported:
      return false;
    default:
      return true;
  }
}

/// One call to the store.
struct Asking {
  Call& call;
  std::stop_token stop;
};

class OpStore final : public RemoteStore {
 public:
  explicit OpStore(OpOptions options)
      : batch_(options.batch),
        clock_(std::move(options.clock)),
        op_({std::move(options.program), std::move(options.token_file), std::move(options.folder)}),
        names_(*clock_) {}

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    TRY(ParseOpReference(ref));
    return Ok{};
  }
  [[nodiscard]] std::string DocumentOf(const std::string& ref) const override {
    const auto parsed = ParseOpReference(ref);
    if (!parsed) return ref;
    const bool by_item = IsOneTimePassword(*parsed) || !batch_;
    return by_item ? OpDocument(*parsed) : std::string(kBatch);
  }
  [[nodiscard]] bool IsComputed(const std::string& ref) const override {
    const auto parsed = ParseOpReference(ref);
    return parsed && IsOneTimePassword(*parsed);
  }
  [[nodiscard]] Result<SecretBytes> Compute(const std::string& ref, ByteView fetched,
                                            WallTime now) const override {
    const OpReference parsed = TRY(ParseOpReference(ref));
    return ComputeOpSecret(parsed, fetched, now);
  }
  [[nodiscard]] std::vector<std::string> Files() const override { return {op_.token_file()}; }

  Result<Given> Fetch(const Wanted& wanted, Call& call) override {
    const EitherStop stop(call.stop(), stopped_.get_token());
    const Asking asking{call, stop.token()};
    return wanted.document == kBatch ? FetchBatch(wanted, asking) : FetchItem(wanted, asking);
  }
  void Stop() override { stopped_.request_stop(); }

 private:
  Result<SecretBytes> Run(std::vector<std::string> arguments, unsigned requests,
                          const Asking& asking) const {
    return op_.Run(std::move(arguments), {}, kMaxJsonBytes, requests, asking.call, asking.stop);
  }
  Result<OpItemName> Ids(const OpItemName& names, bool unsure, const Asking& asking);
  Result<SecretBytes> GetItem(const OpItemName& ids, const Asking& asking) const;
  Result<Given> FetchItem(const Wanted& wanted, const Asking& asking);
  Result<SecretBytes> Select(const OpItem& item, const std::string& ref, const OpItemName& ids,
                             const Asking& asking) const;
  Result<Given> FetchBatch(const Wanted& wanted, const Asking& asking);
  Result<Given> Inject(const Wanted& wanted, const Asking& asking);
  Result<Given> FetchOneByOne(const Wanted& wanted, const Asking& asking);
  bool SpoilEachOther(const std::vector<std::string>& refs);

  const bool batch_;
  const std::shared_ptr<const Clock> clock_;
  const OpProgram op_;
  OpNames names_;
  std::stop_source stopped_;
  std::mutex mutex_;
  std::vector<std::string> spoilt_;  // refs that failed together; guarded by it
};

Result<OpItemName> OpStore::Ids(const OpItemName& names, bool unsure, const Asking& asking) {
  return names_.Find(names, unsure, [&](const std::string& vault) {
    if (vault.empty()) return Run({"vault", "list", "--format", "json"}, kOfVaults, asking);
    return Run({"item", "list", "--vault", vault, "--format", "json"}, kOfItems, asking);
  });
}

Result<SecretBytes> OpStore::GetItem(const OpItemName& ids, const Asking& asking) const {
  return Run({"item", "get", ids.item, "--vault", ids.vault, "--format", "json"}, kOfItem, asking);
}

Result<Given> OpStore::FetchItem(const Wanted& wanted, const Asking& asking) {
  const OpItemName names = TRY(ParseOpDocument(wanted.document));
  OpItemName ids = TRY(Ids(names, false, asking));
  auto text = GetItem(ids, asking);
  if (!text && text.error().code == Code::kNotFound) {  // another item may have its name by now
    const OpItemName others = TRY(Ids(names, true, asking));
    if (others.vault == ids.vault && others.item == ids.item) return std::move(text).error();
    ids = others;
    text = GetItem(ids, asking);
  }
  if (!text) return std::move(text).error();
  const OpItem item = TRY(OpItem::Parse(text->Expose(), "op"));
  Given given;
  if (!item.version().empty()) given.version = item.id() + ":" + item.version();
  if (!given.version.empty() && given.version == wanted.version) {
    given.unchanged = true;
    return given;
  }
  for (const std::string& ref : wanted.refs) {
    auto value = Select(item, ref, ids, asking);
    // It is to be asked for again though the item is the same.
    if (!value && ConcernsAll(value.error())) given.version.clear();
    given.secrets.push_back({ref, std::move(value)});
  }
  return given;
}

Result<SecretBytes> OpStore::Select(const OpItem& item, const std::string& ref,
                                    const OpItemName& ids, const Asking& asking) const {
  const OpReference parsed = TRY(ParseOpReference(ref));
  OpSecret secret = TRY(item.Select(parsed));
  if (auto* value = std::get_if<SecretBytes>(&secret)) return std::move(*value);
  const std::string file = "op://" + ids.vault + "/" + ids.item + "/" + std::get<OpFile>(secret).id;
  return op_.Run({"read", "--no-newline", file}, {}, kMaxValueBytes, kOfFile, asking.call,
                 asking.stop);
}

Result<Given> OpStore::FetchBatch(const Wanted& wanted, const Asking& asking) {
  if (SpoilEachOther(wanted.refs)) return FetchOneByOne(wanted, asking);
  auto given = Inject(wanted, asking);
  if (given) return given;
  switch (given.error().code) {
    case Code::kLimited:
    case Code::kRefused:
    case Code::kTimeout:
    case Code::kInterrupted:
    case Code::kResource:
      return given;
    default:
      break;
  }
  auto alone = FetchOneByOne(wanted, asking);
  if (alone) {  // the store answers, so one of them it was
    const std::lock_guard lock(mutex_);
    spoilt_ = wanted.refs;
  }
  return alone;
}

bool OpStore::SpoilEachOther(const std::vector<std::string>& refs) {
  const std::lock_guard lock(mutex_);
  return !spoilt_.empty() && spoilt_ == refs;
}

Result<Given> OpStore::Inject(const Wanted& wanted, const Asking& asking) {
  OpTemplate form;
  std::map<std::string, OpItemName> items;
  for (const std::string& ref : wanted.refs) {
    const OpReference parsed = TRY(ParseOpReference(ref));
    const std::string document = OpDocument(parsed);
    if (!items.contains(document)) {
      items[document] = TRY(Ids({parsed.vault, parsed.item}, false, asking));
    }
    if (!form.Add(parsed, items[document].vault, items[document].item)) {
      return Error{Code::kUnsupported, "op inject cannot take " + Quote(ref), "op", ""};
    }
  }
  const std::string text = form.Text();
  const auto requests = static_cast<unsigned>(items.size());
  const auto output =
      TRY(op_.Run({"inject"}, AsBytes(text), kMaxValueBytes, requests, asking.call, asking.stop));
  auto values = TRY(form.Split(output.Expose()));
  Given given;
  for (size_t i = 0; i < wanted.refs.size(); ++i) {
    given.secrets.push_back({wanted.refs[i], std::move(values[i])});
  }
  return given;
}

/// Item by item. Once the store does not answer it is not asked for the rest.
Result<Given> OpStore::FetchOneByOne(const Wanted& wanted, const Asking& asking) {
  std::map<std::string, Wanted> items;
  for (const std::string& ref : wanted.refs) {
    const OpReference parsed = TRY(ParseOpReference(ref));
    Wanted& item = items[OpDocument(parsed)];
    item.document = OpDocument(parsed);
    item.refs.push_back(ref);
  }
  Given given;
  std::optional<Error> down;
  bool any = false;
  for (const auto& [document, item] : items) {
    auto one = down ? Result<Given>(*down) : FetchItem(item, asking);
    if (!one && ConcernsAll(one.error())) down = one.error();
    any = any || one;
    for (size_t i = 0; i < item.refs.size(); ++i) {
      if (one) given.secrets.push_back(std::move(one->secrets[i]));
      if (!one) given.secrets.push_back({item.refs[i], one.error()});
    }
  }
  if (down && !any) return *down;
  return given;
}

}  // namespace

Result<RemoteStorePtr> MakeOpStore(OpOptions options) {
  if (!options.program.empty() && !options.program.starts_with('/')) {
    return Error{Code::kInvalid, "`op` is not an absolute path", Quote(options.program), ""};
  }
  if (options.token_file.empty()) {
    return Error{Code::kInvalid, "a service account needs `token_file`", "", ""};
  }
  return RemoteStorePtr(std::make_shared<OpStore>(std::move(options)));
}

}  // namespace secretfs::remote
