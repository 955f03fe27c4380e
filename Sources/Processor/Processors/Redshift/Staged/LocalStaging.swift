import Clients
import Synchronization
import Transport

/// A store, in memory, of the objects that the function would stage for the warehouse.
struct LocalStaging: Sendable {
    let writer: StagingWriter
    private let bucket: Bucket

    /// The names for a replay whose environment has no settings of a warehouse.
    private static let names = [
        RedshiftSettings.workgroup.name: "local", RedshiftSettings.database.name: "local",
        RedshiftSettings.stagingBucket.name: "local",
        RedshiftSettings.copyRole.name: "arn:aws:iam::123456789012:role/local",
        RedshiftSettings.load.name: "staged",
    ]

    init?(_ reader: SettingsReader) {
        guard let target = StagedTarget(reader) ?? StagedTarget(SettingsReader(Self.names)) else { return nil }
        let bucket = Bucket()
        var configuration = AWSClient.Configuration(
            region: "us-east-1",
            credentials: StaticCredentials(
                AWSCredentials(accessKeyID: "local", secretAccessKey: "local"), origin: "replay"))
        configuration.endpointURL = { _ in Bucket.url }
        let client = configuration
        writer = StagingWriter(target: target) { AWSClient(client, http: bucket) }
        self.bucket = bucket
    }

    /// The objects, in the order of their keys.
    var objects: [LocalStandIn.File] {
        bucket.objects.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (String(decoding: $0.key, as: UTF8.self), $0.value) }
    }
}

/// A bucket in memory that supports only writing objects.
private final class Bucket: HTTPClient {
    static let url = "http://127.0.0.1:1"
    let objects = Mutex<[[UInt8]: [UInt8]]>([:])

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        // The key follows the origin and the bucket's name.
        let path = request.url.utf8.dropFirst(Self.url.utf8.count + 1).drop { $0 != UInt8(ascii: "/") }.dropFirst()
        objects.withLock { $0[Array(path)] = request.body }
        return HTTPResponse(status: 200, headers: ["ETag": "\"local\""])
    }
}
