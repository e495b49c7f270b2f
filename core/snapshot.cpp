#include "core/snapshot.h"

#include <algorithm>

#include "core/name.h"

namespace secretfs {
namespace {

/// Inode numbers follow from the path (and from file or directory), so that they stay the same over
/// reloads and in the next process. FNV-1a with a final mix; the top bit stays clear for programs
/// that take it for a sign.
uint64_t InodeFor(std::string_view path, bool directory) {
  uint64_t hash = directory ? 0x84222325cbf29ce4U : 0xcbf29ce484222325U;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  return (hash ^ (hash >> 33U)) >> 1U;
}

}  // namespace

uint64_t Snapshot::FreeInode(std::string_view path, bool directory) const {
  uint64_t inode = InodeFor(path, directory);
  while (inode <= kRootInode || nodes_.contains(inode))
    ++inode;  // one in 10^11 configurations of 10,000 names
  return inode;
}

Node& Snapshot::AddChild(uint64_t directory, std::string_view path, File file) {
  const size_t slash = path.rfind('/');
  const uint64_t inode = FreeInode(path, file.entry == nullptr);
  Node node;
  node.inode = inode;
  node.parent = directory;
  node.name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  node.file = std::move(file);
  Node& parent = nodes_.at(directory);
  parent.children.push_back(inode);
  parent.subdirectories += node.is_directory() ? 1 : 0;
  return nodes_.emplace(inode, std::move(node)).first->second;
}

void Snapshot::AddCredentials() {
  Node& folder = AddChild(kRootInode, kCredstore, {});
  folder.credstore = true;
  const uint64_t inode = folder.inode;
  for (const File& file : files_) {
    const std::string name = CredentialName(file.entry->name());
    if (name.empty()) continue;
    AddChild(inode, std::string(kCredstore) + "/" + name, file).credstore = true;
  }
}

std::shared_ptr<const Snapshot> Snapshot::Build(const std::vector<File>& files, WallTime created) {
  const std::shared_ptr<Snapshot> snapshot(new Snapshot);
  snapshot->files_ = files;
  snapshot->created_ = created;
  snapshot->nodes_.reserve(files.size() * 3 + 2);
  Node root;
  root.inode = root.parent = kRootInode;
  snapshot->nodes_.emplace(kRootInode, std::move(root));
  std::unordered_map<std::string, uint64_t> directories;
  for (const File& file : files) {
    const std::string& name = file.entry->name();
    uint64_t directory = kRootInode;
    for (size_t slash = name.find('/'); slash != std::string::npos;
         slash = name.find('/', slash + 1)) {
      const auto [at, fresh] = directories.try_emplace(name.substr(0, slash), 0);
      if (fresh) at->second = snapshot->AddChild(directory, at->first, {}).inode;
      directory = at->second;
    }
    snapshot->AddChild(directory, name, file);
  }
  snapshot->AddCredentials();
  for (auto& [inode, node] : snapshot->nodes_) {
    std::sort(node.children.begin(), node.children.end(), [&](uint64_t a, uint64_t b) {
      return snapshot->nodes_.at(a).name < snapshot->nodes_.at(b).name;
    });
  }
  snapshot->MakeListings();
  return snapshot;
}

void Snapshot::MakeListings() {
  for (auto& [inode, node] : nodes_) {
    if (!node.is_directory() || node.credstore) continue;
    const auto listing = std::make_shared<Listing>();
    listing->reserve(node.children.size());
    for (const uint64_t child : node.children) {
      const Node& named = nodes_.at(child);
      listing->push_back({child, named.name, named.is_directory()});
    }
    node.listing = listing;
  }
}

const Node* Snapshot::Find(uint64_t inode) const noexcept {
  const auto at = nodes_.find(inode);
  return at == nodes_.end() ? nullptr : &at->second;
}

const Node* Snapshot::FindPath(std::string_view path) const noexcept {
  const Node* node = Find(kRootInode);
  while (node != nullptr && !path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    node = Child(*node, name);
  }
  return node != nullptr && node->inode == kRootInode ? nullptr : node;
}

const Node* Snapshot::Child(const Node& directory, std::string_view name) const noexcept {
  const auto at = std::lower_bound(
      directory.children.begin(), directory.children.end(), name,
      [&](uint64_t inode, std::string_view wanted) { return Find(inode)->name < wanted; });
  if (at == directory.children.end()) return nullptr;
  const Node* child = Find(*at);
  return child->name == name ? child : nullptr;
}

}  // namespace secretfs
