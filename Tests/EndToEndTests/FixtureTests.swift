import RuntimeServer
import XCTest

/// Tests of the built `bootstrap` with every saved event, one after the other in one process.
final class FixtureTests: BootstrapTestCase {
    func testEveryFixtureReturnsItsExpectedResponse() throws {
        let fixtures = try Fixture.all()
        XCTAssertGreaterThan(fixtures.count, 20)
        try withBootstrap { server, _ in
            for fixture in fixtures {
                assertResponse(server.invoke(fixture.event), equals: fixture.response, fixture.name)
            }
        }
    }

    func testChunkedFixturesReturnTheSameResponses() throws {
        try withBootstrap { server, _ in
            for (number, fixture) in try Fixture.all().enumerated() {
                var options = InvocationOptions(chunked: true)
                options.chunkSizes = [[1, 2, 3], [7, 4096, 1], [65_536], [1000]][number % 4]
                assertResponse(server.invoke(fixture.event, options: options), equals: fixture.response, fixture.name)
            }
        }
    }
}
