import Clients
import Processor

/// The bucket.
extension LetterSearch {
    /// Bytes of an object, at most: more than a letter of any event that Lambda delivers.
    private static let objectLimit = 32 << 20

    mutating func readBucket(_ bucket: String, _ session: AWSSession) async throws {
        for prefix in source.prefixes {
            var fruitless = 0
            _ = try await Paging.all { token -> Page<Void> in
                let page = try await session.send(
                    .listObjects(bucket: bucket, prefix: prefix, continuationToken: token)
                ).xml()
                let before = known.count
                for object in page.children where object.name == "Contents" && cut == nil {
                    guard let key = object.text(of: "Key"), key.utf8.last != UInt8(ascii: "/"),
                        known[Array("object \(key)".utf8)] == nil
                    else { continue }
                    if isTooOld(object) { continue }
                    known[Array("object \(key)".utf8)] = count
                    let location = "s3://\(bucket)/\(key)"
                    if let size = object.text(of: "Size").flatMap({ Int($0) }), size > Self.objectLimit {
                        add(
                            .unknown(problem: "it has \(size) bytes, and up to \(Self.objectLimit) are read"),
                            at: .object(key: key), location)
                        continue
                    }
                    do {
                        let body = try await session.send(.getObject(bucket: bucket, key: key)).body
                        add(Letter(parsing: InputFile.inflated(body) ?? body), at: .object(key: key), location)
                    } catch let error as AWSError where error.code == "NoSuchKey" {
                        // Deleted since it was listed.
                    } catch let error as AWSError where error.refusal != nil {
                        add(.unknown(problem: "it cannot be read: \(error)"), at: .object(key: key), location)
                    }
                }
                fruitless = known.count == before ? fruitless + 1 : 0
                let isLast = page.text(of: "IsTruncated") != "true" || cut != nil || fruitless >= Self.patience
                return Page([], next: isLast ? nil : page.text(of: "NextContinuationToken"))
            }
        }
    }

    /// Whether an object was written before the selected time, and so cannot be the dead letter of a record that arrived
    /// within it; it is not read then.
    private func isTooOld(_ object: XMLElement) -> Bool {
        guard let since = source.filter.since, let modified = object.text(of: "LastModified").flatMap({ Timestamp($0) })
        else { return false }
        return Double(modified.secondsSinceEpoch) + Self.clockDifference < since
    }

    /// How far the clocks of Kinesis and S3 may differ, in seconds.
    private static let clockDifference: Double = 300
}
