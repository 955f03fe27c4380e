import Clients
import Processor
import Synchronization
import Transport

/// Embedded sink: keeps the objects that the function would stage for the warehouse.
final class LocalStaging: Sendable {
    /// What the redshift processor writes with.
    let writer: StagingWriter
    private let bucket: Bucket

    /// Names for a rehearsal whose environment names no warehouse.
    private static let names = [
        "REDSHIFT_WORKGROUP_NAME": "local", "REDSHIFT_DATABASE": "local", "REDSHIFT_STAGING_BUCKET": "local",
        "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/local",
    ]

    /// Nil unless `REDSHIFT_LOAD` is `staged`.
    init?(environment: [String: String]) {
        guard environment["REDSHIFT_LOAD"]?.lowercased() == "staged" else { return nil }
        let settings =
            (try? RedshiftSettings(environment: environment)) ?? (try? RedshiftSettings(environment: Self.names))
        guard let settings else { return nil }
        let bucket = Bucket()
        var configuration = AWSClient.Configuration(
            region: "us-east-1",
            credentials: StaticCredentials(
                AWSCredentials(accessKeyID: "local", secretAccessKey: "local"), origin: "replay"))
        configuration.endpointURL = { _ in Bucket.url }
        let client = configuration
        let writer = StagingWriter(settings: settings) { AWSClient(client, http: bucket) }
        guard let writer else { return nil }
        (self.writer, self.bucket) = (writer, bucket)
    }

    /// By key, in the order of the keys; each once.
    var objects: [(key: String, body: [UInt8])] {
        bucket.objects.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (String(decoding: $0.key, as: UTF8.self), $0.value) }
    }
}

/// A bucket in memory, which takes objects and nothing else.
private final class Bucket: HTTPClient {
    static let url = "http://127.0.0.1:1"
    let objects = Mutex<[[UInt8]: [UInt8]]>([:])

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        // After the origin and the bucket's name.
        let path = request.url.utf8.dropFirst(Self.url.utf8.count + 1).drop { $0 != UInt8(ascii: "/") }.dropFirst()
        objects.withLock { $0[Array(path)] = request.body }
        return HTTPResponse(status: 200, headers: ["ETag": "\"local\""])
    }
}
