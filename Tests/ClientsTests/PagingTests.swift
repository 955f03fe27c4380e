import XCTest

@testable import Clients

/// Tests of paged lists, including lists that never end.
final class PagingTests: XCTestCase {
    private static let expired = AWSError.refused(
        AWSRefusal(
            service: "kinesis", operation: "ListShards", status: 400, code: "ExpiredNextTokenException", message: "m"))

    func testReadsAllPagesInOrder() async throws {
        var asked: [String?] = []
        let pages: [Page<Int>] = [Page([1, 2], next: "a"), Page([], next: "b"), Page([3], next: nil)]
        let found = try await Paging.all { token in
            asked.append(token)
            return pages[asked.count - 1]
        }
        XCTAssertEqual(found, [1, 2, 3])
        XCTAssertEqual(asked, [nil, "a", "b"])
        let empty = try await Paging.all { _ in Page([1], next: "") }
        XCTAssertEqual(empty, [1])
    }

    func testExpiredTokenRestartsTheList() async throws {
        var asked: [String?] = []
        var failures = 2
        let found = try await Paging.all { token in
            asked.append(token)
            guard token != nil else { return Page([failures * 10], next: "t\(failures)") }
            if failures > 0 {
                failures -= 1
                throw Self.expired
            }
            return Page([1], next: nil)
        }
        XCTAssertEqual(found, [0, 1], "what the first tries read is discarded")
        XCTAssertEqual(asked, [nil, "t2", nil, "t1", nil, "t0"])
    }

    func testRestartsAreLimited() async {
        var calls = 0
        do {
            _ = try await Paging.all { token -> Page<Int> in
                calls += 1
                guard token != nil else { return Page([1], next: "t") }
                throw Self.expired
            }
            XCTFail("a list without an end")
        } catch { XCTAssertEqual(error as? AWSError, Self.expired) }
        XCTAssertEqual(calls, 8, "three new starts")
    }

    func testOtherErrorsAreThrown() async {
        let denied = AWSError.refused(
            AWSRefusal(service: "s", operation: "o", status: 400, code: "AccessDeniedException", message: ""))
        var calls = 0
        do {
            _ = try await Paging.all { _ -> Page<Int> in
                calls += 1
                throw denied
            }
            XCTFail("no error")
        } catch { XCTAssertEqual(error as? AWSError, denied) }
        XCTAssertEqual(calls, 1)
    }

    func testRepeatedTokenIsAnError() async {
        for cycle in [["a"], ["a", "b"], ["a", "b", "c"]] {
            var calls = 0
            do {
                _ = try await Paging.all { _ -> Page<Int> in
                    calls += 1
                    return Page([calls], next: cycle[calls % cycle.count])
                }
                XCTFail("a list without an end")
            } catch { XCTAssertEqual(error as? PagingError, .repeatedToken, "\(cycle)") }
            XCTAssertEqual(calls, cycle.count + 1)
        }
        // Canonically equivalent tokens are different tokens.
        var tokens = PageTokens()
        XCTAssertEqual(try tokens.checked("caf\u{E9}"), "caf\u{E9}")
        XCTAssertEqual(try tokens.checked("cafe\u{301}"), "cafe\u{301}")
        XCTAssertThrowsError(try tokens.checked("caf\u{E9}"))
    }

    func testNumberOfPagesIsLimited() async {
        var calls = 0
        do {
            _ = try await Paging.all { _ -> Page<Int> in
                calls += 1
                return Page([], next: "\(calls)")
            }
            XCTFail("a list without an end")
        } catch { XCTAssertEqual(error as? PagingError, .endless) }
        XCTAssertEqual(calls, PageTokens.limit)
    }
}
