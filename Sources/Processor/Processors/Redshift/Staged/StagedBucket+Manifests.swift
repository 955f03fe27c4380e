import Basics
import Clients
import JSON

/// Manifests of loads.
extension StagedBucket {
    /// Returns the loads whose manifests exist, oldest first.
    package func manifests(limit: Int) async throws -> [LoadManifests] {
        var found: [LoadManifests] = []
        var count = 0
        var pages = Pages(self, target.loads)
        while count < limit, try await pages.next() {
            count += pages.objects.count
            for entry in pages.objects {
                guard let load = LoadManifests.load(ofKey: entry.key, target) else { continue }
                if found.last?.load.hasSameBytes(as: load) == true {
                    found[found.count - 1].keys.append(entry.key)
                } else {
                    found.append(LoadManifests(load: load, keys: [entry.key]))
                }
            }
        }
        return found
    }

    /// Returns the number of manifests of a load that exist.
    func manifests(of load: String) async throws -> Int {
        var count = 0
        var pages = Pages(self, "\(target.loads)\(load)/")
        while try await pages.next() { count += pages.objects.count }
        return count
    }

    /// Returns the keys of all objects of a load.
    ///
    /// - Throws: ``LoadError`` as ``LoadManifests/keys(of:key:_:)``.
    package func keys(_ manifests: LoadManifests) async throws -> [String] {
        var keys: [String] = []
        for manifest in manifests.keys {
            do {
                keys += try LoadManifests.keys(of: try await get(manifest), key: manifest, target)
            } catch let error as AWSError where error.refusal?.status == 404 {
                continue
            } catch let error as AWSError where error.refusal?.isRetryable == false {
                let url = target.url(manifest)
                throw ManifestError(
                    "manifest \(url) cannot be read: \(error); allow it for the loader's role, or remove it with: aws s3 rm \(url)"
                )
            }
        }
        return keys
    }
}
