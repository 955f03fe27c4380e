import Clients
import JSON

/// Recovery of earlier loads.
extension LoadRun {
    /// The most manifests of earlier loads to process, and the most loads that one query checks.
    private static let manifestLimit = 2000
    private static let queryLimit = 500

    /// Finishes the loads whose manifests exist.
    ///
    /// - Returns: Whether there were any.
    func recover() async throws -> Bool {
        var rest = try await bucket.manifests(limit: Self.manifestLimit)[...]
        let isAny = !rest.isEmpty
        while !rest.isEmpty, hasTime {
            let part = rest.prefix(Self.queryLimit)
            rest = rest.dropFirst(Self.queryLimit)
            let committed = try await committed(part.map(\.load))
            // Committed loads come first: they need no transaction, and their objects only have to be deleted.
            let done = part.filter { committed.contains(Array($0.load.utf8)) }
            for manifests in done + part.filter({ !committed.contains(Array($0.load.utf8)) }) where hasTime {
                do {
                    let keys = try await bucket.keys(manifests)
                    if committed.contains(Array(manifests.load.utf8)) {
                        try await bucket.delete(keys + manifests.keys)
                    } else {
                        try await loadAgain(keys, manifests)
                    }
                } catch let error as ManifestError {
                    note(LoadError(error.description), of: manifests.load)
                }
            }
        }
        return isAny
    }

    private func committed(_ loads: [String]) async throws -> Set<[UInt8]> {
        let token = "concert-load-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        switch try await client.run(statements.committed(loads), token: token, name: "concert-data-processor loads") {
        case .finished(let id):
            return Set(
                try await client.rows(of: "\(id):2").compactMap {
                    $0.first?["stringValue"]?.string.map { Array($0.utf8) }
                })
        case .failed(let reason, _): throw error(reason)
        }
    }

    private func loadAgain(_ keys: [String], _ manifests: LoadManifests) async throws {
        let layouts = [WarehouseTable: String].ofAllTables
        let objects = keys.compactMap { key -> StagedObject? in
            if case .rows(let object) = bucket.target.content(of: key, layouts: layouts) { object } else { nil }
        }
        let existing = try await bucket.existing(objects)
        noteGone(objects.count - existing.count, of: manifests.load)
        var rest = existing
        while !rest.isEmpty {
            // A load that was created with a larger object limit is not split, unless it has too many tables.
            let part = rest.limited(to: rest.count)
            try await load(part, coveredBy: manifests)
            let keys = Set(part.map { Array($0.key.utf8) })
            rest.removeAll { keys.contains(Array($0.key.utf8)) }
        }
        if blocked.isDisjoint(with: existing.map(\.table)) { try await bucket.delete(manifests.keys) }
    }
}
