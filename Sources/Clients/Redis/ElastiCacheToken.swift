import Basics
import JSON
import Telemetry

/// A password for ElastiCache that is derived from AWS credentials: a presigned request, valid for 15 minutes.
///
/// Source: <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>
package enum ElastiCacheToken {
    private static let lifetimeSeconds = 900

    /// - Parameter host: The cache's endpoint, which contains the name of the cache.
    package static func token(
        user: String, host: String, region: String, credentials: AWSCredentials, at time: WallClock = .now()
    ) -> String {
        let signer = SigV4(credentials: credentials, region: region, service: "elasticache")
        let name = cacheName(host)
        var query = [AWSRequest.QueryItem("Action", "connect"), AWSRequest.QueryItem("User", user)]
        if isServerless(host) { query.append(AWSRequest.QueryItem("ResourceType", "ServerlessCache")) }
        let signed = signer.presign(host: name, path: "/", query: query, seconds: lifetimeSeconds, at: time)
        return "\(name)/?\(signed)"
    }

    private static func isServerless(_ host: String) -> Bool { host.contains(bytes: ".serverless.") }

    /// Returns the replication group or serverless cache of an endpoint.
    ///
    /// `master.NAME.x.use1.cache.amazonaws.com`, `NAME.x.ng.0001.use1...`, `NAME-x.serverless.use1...`.
    static func cacheName(_ host: String) -> String {
        let labels = host.split(separator: ".").map { $0.lowercased() }
        guard let first = labels.first else { return host }
        if isServerless(host), let dash = first.lastIndex(of: "-") { return String(first[..<dash]) }
        return ["master", "replica", "clustercfg"].contains(first) && labels.count > 1 ? labels[1] : first
    }
}
