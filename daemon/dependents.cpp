#include "daemon/dependents.h"

namespace secretfs {
namespace {

template <class Map, class Key>
const std::vector<EntryPtr>& Find(const Map& map, const Key& key) {
  static const std::vector<EntryPtr> none;
  const auto at = map.find(key);
  return at == map.end() ? none : at->second;
}

}  // namespace

Dependents::Dependents(const Assembly& assembly) {
  for (const EntryPtr& document : assembly.documents) Add(document);
  for (const File& file : assembly.files) Add(file.entry);
}

void Dependents::Add(const EntryPtr& entry) {
  for (const std::string& file : entry->spec().files) of_file_[file].push_back(entry);
  for (const EntryPtr& input : entry->spec().inputs) of_entry_[input].push_back(entry);
}

const std::vector<EntryPtr>& Dependents::OfFile(const std::string& path) const {
  return Find(of_file_, path);
}

const std::vector<EntryPtr>& Dependents::OfEntry(const EntryPtr& entry) const {
  return Find(of_entry_, entry);
}

std::vector<std::string> Dependents::Files() const {
  std::vector<std::string> files;
  files.reserve(of_file_.size());
  for (const auto& [path, entries] : of_file_) files.push_back(path);
  return files;
}

}  // namespace secretfs
