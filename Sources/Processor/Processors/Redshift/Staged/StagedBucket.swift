import Basics
import Clients
import JSON
import Telemetry

/// The S3 calls of loads.
package struct StagedBucket: Sendable {
    let target: StagedTarget
    let aws: AWSClient
    let traceID: String?

    package init(target: StagedTarget, aws: AWSClient, traceID: String? = nil) {
        (self.target, self.aws, self.traceID) = (target, aws, traceID)
    }

    /// The most keys of one DeleteObjects.
    private static let deletionLimit = 1000
    /// The most attempts to delete keys that a response does not confirm.
    private static let deletionAttempts = 3

    /// One listed object.
    struct Entry {
        var key: String
        var etag: String
        /// The modification time, in seconds since the epoch.
        var modified: Int64

        init(_ element: XMLElement) {
            key = element.text(of: "Key") ?? ""
            etag = element.text(of: "ETag") ?? ""
            modified =
                element.text(of: "LastModified").flatMap { WallClock(iso8601: $0) }
                .map { $0.millisecondsSinceEpoch / 1000 } ?? 0
        }
    }

    fileprivate func send(_ request: AWSRequest) async throws -> AWSResponse {
        var request = request
        if let traceID { request.headers.append(.init("X-Amzn-Trace-Id", traceID)) }
        return try await aws.send(request)
    }

    /// The pages of a listing.
    struct Pages {
        let bucket: StagedBucket
        let prefix: String
        var delimiter: String?
        var startAfter: String?
        /// The content of the last page; empty before the first page.
        private(set) var objects: [Entry] = []
        private(set) var prefixes: [String] = []
        private var token: String?
        private var isAtEnd = false

        init(_ bucket: StagedBucket, _ prefix: String, delimiter: String? = nil, startAfter: String? = nil) {
            (self.bucket, self.prefix, self.delimiter, self.startAfter) = (bucket, prefix, delimiter, startAfter)
        }

        /// Reads the next page; returns false after the last one.
        mutating func next() async throws -> Bool {
            guard !isAtEnd else { return false }
            let page = try await bucket.send(
                .listObjects(
                    bucket: bucket.target.bucket, prefix: prefix, delimiter: delimiter, startAfter: startAfter,
                    continuationToken: token)
            ).xml()
            guard page.name.hasSameBytes(as: "ListBucketResult") else {
                throw LoadError("s3 ListObjectsV2: the response is not a listing; check the endpoint")
            }
            (objects, prefixes) = ([], [])
            for element in page.children {
                if element.name.hasSameBytes(as: "Contents") {
                    objects.append(Entry(element))
                } else if element.name.hasSameBytes(as: "CommonPrefixes"), let prefix = element.text(of: "Prefix") {
                    prefixes.append(prefix)
                }
            }
            let next = page.text(of: "NextContinuationToken")
            guard next == nil || next != token else {
                throw LoadError("s3 ListObjectsV2: the listing does not end; check the endpoint")
            }
            (token, isAtEnd) = (next, next == nil)
            return true
        }
    }

    func get(_ key: String) async throws -> [UInt8] { try await send(.getObject(bucket: target.bucket, key: key)).body }

    func put(_ key: String, _ body: [UInt8]) async throws {
        try StagedUpload.check(
            try await send(
                .putObject(bucket: target.bucket, key: key, contentType: "application/json", body: body)))
    }

    /// Deletes objects; missing objects count as deleted.
    ///
    /// - Throws: ``LoadError`` unless the response confirms each key.
    func delete(_ keys: [String]) async throws {
        var rest = keys[...]
        var attempts = 0
        var problem = ""
        while !rest.isEmpty {
            let part = rest.prefix(Self.deletionLimit)
            let answer = try await send(.deleteObjects(bucket: target.bucket, keys: part)).xml()
            var deleted: Set<[UInt8]> = []
            for element in answer.children {
                guard let key = element.text(of: "Key") else { continue }
                if element.name.hasSameBytes(as: "Deleted") {
                    deleted.insert(Array(key.utf8))
                } else {
                    problem = "\(key): \(element.text(of: "Code") ?? "no code")"
                }
            }
            let left = part.filter { !deleted.contains(Array($0.utf8)) }
            rest = left + rest.dropFirst(part.count)
            guard !left.isEmpty else { continue }
            attempts += 1
            guard attempts < Self.deletionAttempts else {
                throw LoadError(
                    "s3 DeleteObjects: \(left.count) objects are not deleted (\(MessageText.escaped(problem))); they stay staged, and "
                        + "are loaded again without effect; the loader's role needs s3:DeleteObject for them")
            }
        }
    }

    /// Moves an object to the prefix of rejected objects, under the same name.
    ///
    /// - Returns: False if the object no longer exists.
    func refuse(_ object: StagedObject) async throws -> Bool {
        let destination =
            target.refused + String(decoding: object.key.utf8.dropFirst(target.staged.utf8.count), as: UTF8.self)
        do {
            let answer = try await send(
                .copyObject(bucket: target.bucket, from: object.key, etag: object.etag, to: destination)
            ).xml()
            guard answer.first("CopyObjectResult") != nil, answer.text(of: "ETag") != nil else {
                throw LoadError(
                    "s3 CopyObject: the response does not confirm the copy of \(MessageText.escaped(object.key)), which stays staged; "
                        + "check the endpoint")
            }
        } catch let error as AWSError where error.refusal?.status == 404 {
            return false
        }
        try await delete([object.key])
        return true
    }
}

/// The staged objects.
package struct StagedListing {
    /// The objects that this version can load, the oldest hour first, up to the limit of one load.
    package var objects: [StagedObject] = []
    /// The number of all staged objects, counted up to ``countLimit``.
    package var count = 0
    /// When the oldest object was stored, in seconds since the epoch.
    package var oldest: Int64?
    package var newest: Int64?
    /// As ``oldest``, for the objects that this version can load.
    var oldestLoadable: Int64?
    /// The number of objects that this version cannot load, followed by the key of one of them.
    package var others = 0
    package var example = ""

    static let countLimit = 100_000
}

extension StagedBucket {
    /// Lists the staged objects.
    ///
    /// - Parameter tables: The tables whose objects are only counted.
    package func staged(limit: Int, leavingOut tables: Set<WarehouseTable> = []) async throws -> StagedListing {
        let layouts = [WarehouseTable: String].ofAllTables
        var listing = StagedListing()
        var folders: [String] = []
        for prefix in try await self.folders(target.staged, &listing) {
            folders += try await self.folders(prefix, &listing)
        }
        for folder in folders {
            var kept = 0
            var pages = Pages(self, folder)
            // Every folder is listed, regardless of the number of objects.
            while try await pages.next() {
                for entry in pages.objects {
                    listing.add(entry)
                    guard case .rows(var object) = target.content(of: entry.key, layouts: layouts) else {
                        listing.addOther(entry.key)
                        continue
                    }
                    guard !tables.contains(object.table) else { continue }
                    listing.oldestLoadable = min(listing.oldestLoadable ?? entry.modified, entry.modified)
                    guard kept < limit else { continue }
                    kept += 1
                    object.etag = entry.etag
                    listing.objects.append(object)
                }
                guard listing.count < StagedListing.countLimit || kept > 0 && kept < limit else { break }
            }
        }
        listing.objects.sort { $0.precedes($1) }
        listing.objects = listing.objects.limited(to: limit)
        listing.count = min(listing.count, StagedListing.countLimit)
        return listing
    }

    /// Returns the folders directly below a prefix; objects there were not written by the function.
    private func folders(_ prefix: String, _ listing: inout StagedListing) async throws -> [String] {
        var folders: [String] = []
        var pages = Pages(self, prefix, delimiter: "/")
        while folders.count + listing.count < StagedListing.countLimit, try await pages.next() {
            folders += pages.prefixes
            for entry in pages.objects {
                listing.add(entry)
                listing.addOther(entry.key)
            }
        }
        return folders
    }

    /// Returns those of `objects` that exist, with their ETags.
    func existing(_ objects: [StagedObject]) async throws -> [StagedObject] {
        var found: [StagedObject] = []
        let sorted = objects.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for part in sorted.chunked(by: { $0.folder.elementsEqual($1.folder) }) {
            guard let first = part.first else { continue }
            var rest = part
            // The listing starts after this text, so that it includes the first key.
            let start = String(decoding: first.key.utf8.dropLast(), as: UTF8.self)
            var pages = Pages(self, String(decoding: first.folder, as: UTF8.self), startAfter: start)
            while !rest.isEmpty, try await pages.next() {
                for entry in pages.objects {
                    while let object = rest.first, object.key.utf8.lexicographicallyPrecedes(entry.key.utf8) {
                        rest.removeFirst()
                    }
                    guard var object = rest.first, object.key.hasSameBytes(as: entry.key) else { continue }
                    object.etag = entry.etag
                    found.append(object)
                    rest.removeFirst()
                }
            }
        }
        return found.sorted { $0.precedes($1) }
    }
}

extension StagedListing {
    fileprivate mutating func add(_ entry: StagedBucket.Entry) {
        count += 1
        oldest = min(oldest ?? entry.modified, entry.modified)
        newest = max(newest ?? entry.modified, entry.modified)
    }

    fileprivate mutating func addOther(_ key: String) {
        others += 1
        if example.isEmpty { example = key }
    }
}

extension StagedObject {
    /// The part of the key up to the hour.
    fileprivate var folder: Substring.UTF8View {
        var rest = key[...].utf8
        var slashes = 5
        while slashes > 0, let last = rest.popLast() { if last == UInt8(ascii: "/") { slashes -= 1 } }
        return rest
    }
}

extension [StagedObject] {
    /// Returns as many objects, from the first on, as one load allows: of at most ``LoadStatements/tableLimit`` tables.
    func limited(to limit: Int) -> [StagedObject] {
        var tables: Set<WarehouseTable> = []
        return Array(
            lazy.filter { object in
                guard !tables.contains(object.table) else { return true }
                guard tables.count < LoadStatements.tableLimit else { return false }
                tables.insert(object.table)
                return true
            }.prefix(limit))
    }

    /// Splits the array into runs of adjacent elements for which `isSame` is true.
    fileprivate func chunked(by isSame: (StagedObject, StagedObject) -> Bool) -> [ArraySlice<StagedObject>] {
        var chunks: [ArraySlice<StagedObject>] = []
        var start = startIndex
        for index in indices where index + 1 == endIndex || !isSame(self[index], self[index + 1]) {
            chunks.append(self[start...index])
            start = index + 1
        }
        return chunks
    }
}
