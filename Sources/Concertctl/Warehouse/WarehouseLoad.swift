import Clients
import JSON
import Processor
import Telemetry

/// The command that loads staged objects, like the loader function.
struct WarehouseLoad: Command {
    static let description = CommandDescription(
        name: "warehouse load", summary: "load all staged objects into the tables",
        discussion: """
            Runs the loads of the loader function, with the processor's own variables (REDSHIFT_..., LOAD_OBJECT_LIMIT), \
            until nothing is staged. The loader function can run at the same time. --dry-run lists the objects of the next load.
            """,
        options: [SharedOption.dryRun, SharedOption.output] + SharedOption.aws,
        examples: ["concertctl warehouse load", "concertctl warehouse load --dry-run"])

    private let warehouse: WarehouseSession

    init(_ input: Input) throws {
        warehouse = try WarehouseSession(input, inDryRun: .reads)
        guard warehouse.settings.staging != nil else {
            throw UsageError(description: "REDSHIFT_STAGING_BUCKET and REDSHIFT_COPY_ROLE_ARN must be set")
        }
    }

    /// The time limit of one run, like that of the loader function.
    private static let limit = Duration.seconds(900)

    func run() async throws -> ExitStatus {
        guard !warehouse.session.isDryRun else { return try await list() }
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
            // Nothing remains, or the remaining objects cannot be loaded.
            guard run.summary.remaining > 0, account.objects > before else {
                account.end()
                show(account, run.summary)
                return .done
            }
        }
        return .done
    }

    private func show(_ account: Account, _ last: LoadSummary) {
        var lines = [
            "\(account.loads) loads, \(account.objects) objects, \(account.rows) rows, \(account.refused) objects refused"
        ]
        if last.remaining > 0 { lines.append("\(last.remaining) objects are still staged") }
        Output.show(
            as: warehouse.session.output, text: .lines(lines.joined(separator: "\n")),
            json: [
                "loads": .integer(account.loads), "objects": .integer(account.objects),
                "rows": .integer(account.rows), "refused": .integer(account.refused),
                "gone": .integer(account.gone), "remaining": .integer(last.remaining),
                "oldestSeconds": .integer(last.oldestSeconds),
            ])
    }

    private func list() async throws -> ExitStatus {
        guard let state = try await StagedState.read(warehouse.settings, warehouse.session.client) else { return .done }
        Output.show(
            as: warehouse.session.output,
            text: (state.next.map { "\($0)" } + state.lines).joined(separator: "\n"),
            json: state.json(listing: true))
        return .done
    }
}

/// The totals of all runs.
private final class Account {
    private(set) var (loads, objects, rows, refused) = (0, 0, 0, 0)
    var gone = 0
    private var progress: Progress? = Progress()

    func add(_ event: LoadProgress) {
        switch event {
        case .staged(let objects, let seconds):
            progress?.show("\(loads) loads, \(rows) rows; \(objects) objects staged, oldest \(seconds) s old")
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
    /// Returns the JSON output.
    ///
    /// - Parameter listing: Whether to include the keys of the next load.
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

    /// The lines of the text output, escaped.
    var lines: [TerminalText] {
        let age = oldestSeconds.map { ", oldest \($0) s old" } ?? ""
        var lines: [TerminalText] = ["\(objects) objects staged\(age)"]
        if others > 0 { lines.append("\(others) of them cannot be loaded by this version, such as \(example)") }
        for load in unfinished {
            lines.append(
                "unfinished load \(load.name)\(load.problem.map { ": " + $0 } ?? "; the next load finishes it")")
        }
        return lines
    }
}
