import Clients
import JSON
import Processor
import Telemetry

/// Runs loads of staged objects, as the loader function does.
struct WarehouseLoad: Command {
    static let description = CommandDescription(
        name: "warehouse load", summary: "load staged objects into the tables until none is left",
        discussion: """
            Does what the loader function does, with the processor's own variables (REDSHIFT_..., LOAD_OBJECT_LIMIT), as many \
            times as there is something to load. Both can run at the same time. --dry-run lists what the next load would take.
            """,
        options: [.dryRun, .output] + OptionDescription.aws,
        examples: ["concertctl warehouse load", "concertctl warehouse load --dry-run"])

    private let arguments: Arguments
    private let output: OutputFormat
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        isDryRun = arguments.flag(.dryRun)
    }

    /// How long one run may take, as an invocation of the loader function.
    private static let limit = Duration.seconds(900)

    func run(environment: [String: String]) async throws -> ExitStatus {
        let warehouse = try WarehouseSession(arguments, environment: environment, isDryRun: isDryRun, output: output)
        guard warehouse.settings.staging != nil else {
            throw UsageError(description: "REDSHIFT_STAGING_BUCKET and REDSHIFT_COPY_ROLE_ARN must be set")
        }
        guard !isDryRun else { return try await list(warehouse) }
        let account = Account()
        defer { account.end() }
        while true {
            let before = account.objects
            let context = InvocationContext(
                requestID: "concertctl", functionName: "concertctl", deadline: .now + Self.limit)
            let run = LoadRun(
                settings: warehouse.settings, aws: warehouse.session.client, context: context,
                log: Logger(level: .warn, format: .text, sink: StandardError()), report: account.add)
            guard let run else { break }
            do { try await run.run() } catch {
                account.end()
                show(account, run.summary)
                throw error
            }
            account.gone += run.summary.gone
            // What is left cannot be loaded, or there is nothing left.
            guard run.summary.remaining > 0, account.objects > before else {
                account.end()
                show(account, run.summary)
                return .done
            }
        }
        return .done
    }

    private func show(_ account: Account, _ last: LoadSummary) {
        guard output == .text else {
            Output.print(
                .json([
                    "loads": .integer(account.loads), "objects": .integer(account.objects),
                    "rows": .integer(account.rows), "refused": .integer(account.refused),
                    "gone": .integer(account.gone), "remaining": .integer(last.remaining),
                    "oldestSeconds": .integer(last.oldestSeconds),
                ]))
            return
        }
        Output.print(
            "\(account.loads) loads, \(account.objects) objects, \(account.rows) rows, \(account.refused) objects refused"
        )
        if last.remaining > 0 { Output.print("\(last.remaining) objects are still staged") }
    }

    private func list(_ warehouse: WarehouseSession) async throws -> ExitStatus {
        guard let state = try await StagedState.read(warehouse.settings, warehouse.session.client) else { return .done }
        if output == .json {
            Output.print(.json(state.json(listing: true)))
        } else {
            for key in state.next { Output.print("\(key)") }
            state.print()
        }
        return .done
    }
}

/// What was done, over all runs.
private final class Account {
    private(set) var (loads, objects, rows, refused) = (0, 0, 0, 0)
    var gone = 0
    private var progress: Progress? = Progress()

    func add(_ event: LoadProgress) {
        switch event {
        case .staged(let objects, let seconds):
            progress?.show("\(loads) loads, \(rows) rows; \(objects) objects staged, the oldest for \(seconds) s")
        case .loaded(let objects, let rows, _):
            (loads, self.objects, self.rows) = (loads + 1, self.objects + objects, self.rows + rows)
            progress?.show("\(loads) loads, \(self.rows) rows")
        case .refused: refused += 1
        }
    }

    func end() {
        progress?.end()
        progress = nil
    }
}

extension StagedState {
    /// - Parameter listing: Whether the keys of the next load are in it.
    func json(listing: Bool) -> JSONValue {
        .object(ofPresent: [
            ("objects", .integer(objects)), ("oldestSeconds", oldestSeconds.map { .integer($0) }),
            ("notLoadable", .integer(others)),
            ("next", listing ? .array(next.map { .string($0) }) : nil),
            (
                "unfinishedLoads",
                .array(
                    unfinished.map { load in
                        .object(ofPresent: [
                            ("load", .string(load.name)), ("manifests", .integer(load.manifests)),
                            ("problem", load.problem.map { .string($0) }),
                        ])
                    })
            ),
        ])
    }

    func print() {
        let age = oldestSeconds.map { ", the oldest for \($0) s" } ?? ""
        Output.print("\(objects) objects staged\(age)")
        if others > 0 { Output.print("\(others) of them cannot be loaded by this version, such as \(example)") }
        for load in unfinished {
            Output.print(
                "unfinished load \(load.name)\(load.problem.map { ": " + $0 } ?? "; the next load finishes it")")
        }
    }
}
