import Transport
import XCTest

@testable import Processor

final class CacheSettingsTests: XCTestCase {
    func testReadsURLs() throws {
        let cases:
            [(url: String, host: String, port: Int, isSecure: Bool, user: String?, password: String?, database: Int)] =
                [
                    ("redis://h", "h", 6379, false, nil, nil, 0),
                    ("REDISS://h.example:6380/2", "h.example", 6380, true, nil, nil, 2),
                    ("redis://:p%40s%3As@h", "h", 6379, false, nil, "p@s:s", 0),
                    ("redis://u%2F:p@h:1/", "h", 1, false, "u/", "p", 0),
                    ("redis://u:a:b@h", "h", 6379, false, "u", "a:b", 0),
                    ("redis://[::1]:7000/1", "::1", 7000, false, nil, nil, 1),
                    ("redis://127.0.0.1", "127.0.0.1", 6379, false, nil, nil, 0),
                ]
        for row in cases {
            let settings = try CacheSettings(environment: ["CACHE_URL": row.url])
            XCTAssertEqual(
                settings.destination, ByteStream.Destination(host: row.host, port: row.port, isSecure: row.isSecure),
                row.url)
            XCTAssertEqual(settings.login?.user, row.user)
            XCTAssertEqual(settings.login?.password, row.password)
            XCTAssertEqual(settings.database, row.database)
        }
        let defaults = try CacheSettings(environment: ["CACHE_URL": "redis://h", "CACHE_TTL_SECONDS": ""])
        XCTAssertEqual(defaults.keyPrefix, "concert:")
        XCTAssertEqual(defaults.timeToLive, 86_400)
        XCTAssertFalse(defaults.isCluster)
    }

    func testReportsAllProblemsTogetherWithoutSecrets() {
        let malformed = [
            "h:6379", "http://h", "redis://", "redis://h:0", "redis://h:70000", "redis://h/x", "redis://h/-1",
            "redis://h?x",
            "redis://user:hush%4@h", "redis://user:hush%zz@h", "redis://:hush@", "redis://hush:p@h b", "redis://[::1",
            "redis://[hush]",
            "redis://h/1/2", "redis://:@hush@h@",
        ]
        for url in malformed {
            XCTAssertThrowsError(try CacheSettings(environment: ["CACHE_URL": url]), url) { error in
                XCTAssertTrue("\(error)".contains("CACHE_URL is malformed"), "\(url): \(error)")
                XCTAssertFalse("\(error)".contains("hush"), "\(error)")
            }
        }
        let environment = [
            "PROCESSORS": "cache", "CACHE_TTL_SECONDS": "-1", "CACHE_CLUSTER": "maybe", "CACHE_AUTH": "iam",
            "CACHE_URL": "redis://h/3",
        ]
        XCTAssertThrowsError(try Settings(environment: environment)) { error in
            for words in [
                "CACHE_TTL_SECONDS is \"-1\"", "CACHE_CLUSTER is \"maybe\"", "which requires TLS", "must name the user",
            ] {
                XCTAssertTrue("\(error)".contains(words), "\(words): \(error)")
            }
        }
        for (environment, words) in [
            (["PROCESSORS": "cache"], "CACHE_URL must be set for cache"),
            (["PROCESSORS": "cache", "CACHE_URL": "redis://user@h"], "names a user without a password"),
            (["PROCESSORS": "cache", "CACHE_URL": "redis://h/3", "CACHE_CLUSTER": "true"], "only database 0"),
        ] {
            XCTAssertThrowsError(try Settings(environment: environment)) {
                XCTAssertTrue("\($0)".contains(words), "\($0)")
            }
        }
        XCTAssertNoThrow(try Settings(environment: ["PROCESSORS": "log", "CACHE_URL": "nonsense"]))
    }

    func testDescriptionsDoNotContainTheLogin() throws {
        let settings = try CacheSettings(environment: ["CACHE_URL": "redis://user:hush@h"])
        var dumped = ""
        dump(settings, to: &dumped)
        XCTAssertEqual("\(settings)", "cache at h:6379")
        XCTAssertFalse(dumped.contains("hush"), dumped)
    }
}
