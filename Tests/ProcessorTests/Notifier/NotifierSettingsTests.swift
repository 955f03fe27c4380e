import XCTest

@testable import Processor

/// Tests of the settings `NOTIFY_...`.
final class NotifierSettingsTests: XCTestCase {
    private static let topic = "arn:aws:sns:eu-central-1:123456789012:concerts"

    private func settings(_ variables: [String: String]) throws -> NotifierSettings {
        try NotifierSettings(environment: variables)
    }

    private func problems(_ variables: [String: String]) -> [String] {
        do {
            _ = try settings(variables)
            return []
        } catch let error as SettingsError {
            return error.problems
        } catch {
            return ["\(error)"]
        }
    }

    func testEachDestinationIsRead() throws {
        XCTAssertEqual(try settings(["NOTIFY_TOPIC_ARN": Self.topic]).topicARN, Self.topic)
        XCTAssertTrue(try settings(["NOTIFY_TOPIC_ARN": Self.topic + ".fifo"]).isFIFO)
        XCTAssertFalse(try settings(["NOTIFY_TOPIC_ARN": Self.topic]).isFIFO)
        for bus in ["default", "a/b.c-d_e", "arn:aws:events:us-east-1:123456789012:event-bus/concerts"] {
            XCTAssertEqual(try settings(["NOTIFY_EVENT_BUS": bus]).eventBus, bus)
        }
        let hosts = [
            "https://hooks.example/a?b=c": "hooks.example", "HTTPS://Hooks.Example:8443": "hooks.example",
            "https://user:p%40ss@hooks.example/": "hooks.example", "http://127.0.0.1:9/x": "127.0.0.1",
            "http://127.1.2.3": "127.1.2.3", "http://localhost:80/": "localhost", "http://[::1]:8080/": "[::1]",
            "https://[2001:db8::1]/": "[2001:db8::1]",
        ]
        for (url, host) in hosts {
            let webhook = try settings(["NOTIFY_WEBHOOK_URL": url]).webhook
            XCTAssertEqual(webhook?.host, host, url)
            XCTAssertEqual(webhook?.url, url)
        }
    }

    func testTypesAndThreshold() throws {
        let base = ["NOTIFY_EVENT_BUS": "default"]
        let concerts = Set(NotificationType.allCases).subtracting([.artistPopular])
        XCTAssertEqual(try settings(base).types, concerts)
        let withThreshold = try settings(base.merging(["NOTIFY_POPULARITY_THRESHOLD": "79.5"]) { $1 })
        XCTAssertEqual(withThreshold.types, Set(NotificationType.allCases))
        XCTAssertEqual(withThreshold.popularityThreshold, 79.5)
        XCTAssertEqual(
            try settings(base.merging(["NOTIFY_ON": " concert.cancelled, concert.cancelled"]) { $1 }).types,
            [.concertCancelled])
    }

    /// A case: variables, and the beginning of each problem.
    func testEachProblemNamesItsVariable() {
        let base = ["NOTIFY_EVENT_BUS": "default"]
        let cases: [([String: String], String)] = [
            (["NOTIFY_TOPIC_ARN": "concerts"], "NOTIFY_TOPIC_ARN is"),
            (["NOTIFY_TOPIC_ARN": "arn:aws:sqs:us-east-1:123456789012:concerts"], "NOTIFY_TOPIC_ARN is"),
            (["NOTIFY_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:.fifo"], "NOTIFY_TOPIC_ARN is"),
            (["NOTIFY_TOPIC_ARN": Self.topic + "&Action=x"], "NOTIFY_TOPIC_ARN is"),
            (["NOTIFY_EVENT_BUS": "a b"], "NOTIFY_EVENT_BUS is"),
            (["NOTIFY_WEBHOOK_URL": "hooks.example"], "NOTIFY_WEBHOOK_URL is not a URL"),
            (["NOTIFY_WEBHOOK_URL": "ftp://hooks.example"], "NOTIFY_WEBHOOK_URL is not a URL"),
            (["NOTIFY_WEBHOOK_URL": "https://hooks.example:port/"], "NOTIFY_WEBHOOK_URL is not a URL"),
            (["NOTIFY_WEBHOOK_URL": "https:///path"], "NOTIFY_WEBHOOK_URL is not a URL"),
            (["NOTIFY_WEBHOOK_URL": "https://hooks.example/\n"], "NOTIFY_WEBHOOK_URL is not a URL"),
            (["NOTIFY_WEBHOOK_URL": "http://hooks.example/"], "NOTIFY_WEBHOOK_URL must begin with https://"),
            (["NOTIFY_WEBHOOK_URL": "http://127.0.0.1.example/"], "NOTIFY_WEBHOOK_URL must begin with https://"),
            (["NOTIFY_WEBHOOK_URL": "http://127.0.0.1@hooks.example/"], "NOTIFY_WEBHOOK_URL must begin with https://"),
            (["NOTIFY_WEBHOOK_SECRET": "s"], "NOTIFY_WEBHOOK_SECRET is set"),
            (["NOTIFY_ON": "concert.moved"], "NOTIFY_ON names"),
            (["NOTIFY_ON": "artist.popular"], "NOTIFY_POPULARITY_THRESHOLD must be set"),
            (["NOTIFY_POPULARITY_THRESHOLD": "100"], "NOTIFY_POPULARITY_THRESHOLD is"),
            (["NOTIFY_POPULARITY_THRESHOLD": "nan"], "NOTIFY_POPULARITY_THRESHOLD is"),
        ]
        for (variables, expected) in cases {
            let found = problems(base.merging(variables) { $1 })
            XCTAssertEqual(found.count, 1, "\(variables): \(found)")
            XCTAssertTrue(found.first?.hasPrefix(expected) ?? false, "\(variables): \(found)")
        }
        XCTAssertEqual(problems([:]).count, 1, "no destination")
    }

    func testAllProblemsAreReportedWithoutTheWebhook() {
        let found = problems([
            "NOTIFY_TOPIC_ARN": "t", "NOTIFY_EVENT_BUS": "?", "NOTIFY_WEBHOOK_URL": "http://h.example/hush",
            "NOTIFY_WEBHOOK_SECRET": "hush", "NOTIFY_ON": "x,artist.popular", "NOTIFY_POPULARITY_THRESHOLD": "-1",
        ])
        XCTAssertEqual(found.count, 5, "\(found)")
        XCTAssertFalse(found.joined().contains("hush"), "\(found)")
    }

    func testWebhookDescriptionContainsOnlyTheHost() throws {
        let settings = try settings([
            "NOTIFY_WEBHOOK_URL": "https://u:hush@h.example/hush", "NOTIFY_WEBHOOK_SECRET": "hush",
        ])
        var text = ""
        dump(settings, to: &text)
        for shown in ["\(settings)", String(reflecting: settings), text] {
            XCTAssertTrue(shown.contains("h.example"), shown)
            XCTAssertFalse(shown.contains("hush"), shown)
        }
    }

    func testSettingsAreReadOnlyWithTheNotifier() throws {
        XCTAssertNoThrow(try Settings(environment: ["NOTIFY_TOPIC_ARN": "t"]))
        XCTAssertThrowsError(try Settings(environment: ["NOTIFY_TOPIC_ARN": "t", "PROCESSORS": "notifier"]))
    }
}
