import Clients
import Processor

/// The bucket as a source.
extension LetterSearch {
    /// The largest object, in bytes: larger than the dead letter of any Lambda event.
    private static let objectLimit = 32 << 20

    mutating func readBucket(_ bucket: String, _ session: AWSSession) async throws {
        for prefix in source.prefixes {
            var responsesWithoutProgress = 0
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
                            .unknown(problem: "it has \(size) bytes, more than the limit of \(Self.objectLimit)"),
                            at: .object(key: key), location)
                        continue
                    }
                    do {
                        let body = try await session.send(.getObject(bucket: bucket, key: key)).body
                        add(Letter(parsing: InputFile.inflated(body) ?? body), at: .object(key: key), location)
                    } catch let error as AWSError where error.code == "NoSuchKey" {
                        // Deleted after it was listed.
                    } catch let error as AWSError where error.refusal != nil {
                        add(.unknown(problem: "cannot read it: \(error)"), at: .object(key: key), location)
                    }
                }
                responsesWithoutProgress = known.count == before ? responsesWithoutProgress + 1 : 0
                let isLast =
                    page.text(of: "IsTruncated") != "true" || cut != nil
                    || responsesWithoutProgress >= Self.attemptLimit
                return Page([], next: isLast ? nil : page.text(of: "NextContinuationToken"))
            }
        }
    }

    /// Returns whether an object was written before the selected time, so that it cannot be the dead letter of a selected
    /// record and need not be read.
    private func isTooOld(_ object: XMLElement) -> Bool {
        guard let since = source.filter.since, let modified = object.text(of: "LastModified").flatMap({ Timestamp($0) })
        else { return false }
        return Double(modified.secondsSinceEpoch) + Self.clockDifference < since
    }

    /// The assumed largest difference between the clocks of Kinesis and S3, in seconds.
    private static let clockDifference: Double = 300
}
