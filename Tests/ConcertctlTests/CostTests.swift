import TestSupport
import XCTest

final class CostTests: XCTestCase {
    /// The options of a run and the expected lines of a mode: item, arithmetic, dollars.
    private struct Case {
        var options: String
        var mode: String
        var lines: [(item: String, arithmetic: String, dollars: String)]
        var line: UInt

        init(
            _ options: String, _ mode: String, _ lines: [(item: String, arithmetic: String, dollars: String)],
            line: UInt = #line
        ) {
            (self.options, self.mode, self.lines, self.line) = (options, mode, lines, line)
        }
    }

    private func cost(_ options: String) throws -> Run {
        try Concertctl.run(["cost"] + options.split(separator: " ").map(String.init))
    }

    /// Returns the amounts as text, because parsed numbers are binary.
    private func dollars(_ item: String, _ mode: String, in text: String) -> String? {
        let end = mode == "Provisioned" ? "\"OnDemand\"" : "\"Cheaper\""
        guard let start = text.firstRange(of: "\"\(mode)\""), let stop = text.firstRange(of: end) else { return nil }
        let part = text[start.upperBound..<stop.lowerBound]
        guard item != "Total" else { return part.matches(of: /"Dollars": ([0-9.]+)/).last.map { String($0.1) } }
        guard let name = part.firstRange(of: "\"Item\": \"\(item)\"") else { return nil }
        return part[name.upperBound...].firstMatch(of: /"Dollars": ([0-9.]+)/).map { String($0.1) }
    }

    func testOnDemandAdvantageNotesUnverifiedPrices() throws {
        let load = "--records-per-day 1000000 --bytes-per-record 1024"
        let advantage = try cost(load + " --on-demand-advantage --consumers 50")
        XCTAssertEqual(advantage.status, 0, advantage.notes)
        for words in [
            "ON-DEMAND ADVANTAGE", "were not verified", "only on-demand stream of the account",
            "at most 20 fan-out consumers",
        ] { XCTAssertTrue(advantage.output.contains(words), "\(words): \(advantage.output)") }
        XCTAssertFalse(advantage.output.contains("1 stream x"), advantage.output)
        let standard = try cost(load)
        XCTAssertFalse(standard.output.contains("ADVANTAGE"), standard.output)
        XCTAssertFalse(standard.output.contains("Advantage"), standard.output)
        for (options, mode) in [(load, "STANDARD"), (load + " --on-demand-advantage", "ADVANTAGE")] {
            XCTAssertEqual(try cost(options + " --output json").json()["OnDemandMode"] as? String, mode)
        }
    }

    func testCalculatesExactCents() throws {
        let million = "--records-per-day 1000000 --bytes-per-record 1024"
        let cases = [
            // The example of the guide, which counts PUT units per million records; AWS counts each one.
            Case(
                million, "Provisioned",
                [
                    ("Capacity", "1 shard x 730 h x $0.015", "10.95"),
                    ("PUT payload units", "30,416,667 x $0.014/million", "0.43"),
                ]),
            Case(
                million, "OnDemand",
                [
                    ("Capacity", "1 stream x 730 h x $0.04", "29.20"), ("Data in", "29.008 GB x $0.08", "2.32"),
                    ("Data out", "29.008 GB x $0.04", "1.16"),
                ]),
            // The other rows of the guide.
            Case(
                "\(million) --shard-count 2", "Provisioned",
                [("Capacity", "2 shards x 730 h x $0.015", "21.90")]),
            Case(
                "\(million) --shard-count 5", "Provisioned",
                [("Capacity", "5 shards x 730 h x $0.015", "54.75")]),
            Case(
                "\(million) --retention-period-hours 24", "Provisioned", [("Total", "", "11.71")]),
            Case(
                "\(million) --retention-period-hours 25", "Provisioned",
                [("Extended retention", "1 shard x 730 h x $0.02", "14.60")]),
            Case(
                "\(million) --retention-period-hours 168", "OnDemand",
                [("Extended retention", "5.722 GB x $0.10", "0.57")]),
            Case(
                "\(million) --retention-period-hours 8760", "OnDemand",
                [
                    ("Extended retention", "5.722 GB x $0.10", "0.57"),
                    ("Long-term retention", "341.415 GB x $0.023", "7.85"),
                ]),
            Case(
                "\(million) --consumers 2 --shared-consumers 0 --shard-level-metrics ALL", "Provisioned",
                [
                    ("Fan-out consumers", "2 x 1 shard x 730 h x $0.015", "21.90"),
                    ("Fan-out data", "2 x 29.008 GB x $0.013", "0.75"),
                    ("Enhanced monitoring", "7 metrics x 1 shard x $0.30", "2.10"),
                ]),
            Case(
                "\(million) --consumers 2 --shared-consumers 0", "OnDemand",
                [("Data out", "0 GB x $0.04", "0.00"), ("Fan-out data", "2 x 29.008 GB x $0.05", "2.90")]),
            // 25 MB per second for 730 hours are 64,160.156 GB, minus the data written and read.
            Case(
                "\(million) --on-demand-advantage", "OnDemand",
                [
                    ("Data in", "29.008 GB x $0.032", "0.93"), ("Data out", "29.008 GB x $0.016", "0.46"),
                    ("Commitment", "(64,131.149 GB x $0.032 + 64,131.149 GB x $0.016)", "3078.30"),
                ]),
            Case(
                "--records-per-day 4000000000 --bytes-per-record 1024 --consumers 30 --retention-period-hours 168 "
                    + "--on-demand-advantage", "OnDemand",
                [
                    ("Data in", "116,030.375 GB x $0.032", "3712.97"),
                    ("Commitment", "(0 GB x $0.032 + 0 GB x $0.016)", "0.00"),
                    ("Fan-out data", "30 x 116,030.375 GB x $0.016", "55694.58"),
                    ("Extended retention", "22,888.184 GB x $0.023", "526.43"),
                ]),
            // A record is rounded up to 25 KB for PUT units, and to 1 KB for data volumes.
            Case(
                "--records-per-day 24000000 --bytes-per-record 25600", "Provisioned",
                [("PUT payload units", "730,000,000 x $0.014/million", "10.22")]),
            Case(
                "--records-per-day 24000000 --bytes-per-record 25601", "Provisioned",
                [("PUT payload units", "1,460,000,000 x $0.014/million", "20.44")]),
            Case(
                "--records-per-day 1000000 --bytes-per-record 1025", "OnDemand",
                [("Data in", "58.015 GB x $0.08", "4.64"), ("Data out", "29.036 GB x $0.04", "1.16")]),
            Case(
                "--records-per-day 0 --bytes-per-record 1", "Provisioned",
                [
                    ("PUT payload units", "0 x $0.014/million", "0.00"),
                    ("Lambda requests", "0 x $0.20/million", "0.00"),
                    ("Total", "", "10.95"),
                ]),
            Case(
                "--records-per-day 1000000000000000 --bytes-per-record 10485760 --peak-factor 1000", "Provisioned",
                [("Capacity", "115,740,740,740,741 shards x 730 h x $0.015", "1267361111111113.95")]),
            // 1,000,000 records per day are 58 in a window of 5 s.
            Case(
                "\(million) --batch-size 10", "Provisioned",
                [
                    ("Lambda requests", "3,041,667 x $0.20/million", "0.61"),
                    ("Lambda duration", "3,041,667 x 0.1 s x 256/1024 GB x $0.0000166667", "1.27"),
                ]),
            Case(
                "\(million) --architecture arm64 --memory-size 1024 --duration-ms 0.5 --duration-per-record-ms 1"
                    + " --batch-size 10", "Provisioned",
                [("Lambda duration", "3,041,667 x 0.011 s x 1,024/1024 GB x $0.0000133334", "0.45")]),
            Case(
                "--records-per-day 86400 --bytes-per-record 1 --maximum-batching-window-in-seconds 0", "Provisioned",
                [("Lambda requests", "2,628,000 x $0.20/million", "0.53")]),
        ]
        for row in cases {
            let run = try cost(row.options + " --output json")
            XCTAssertEqual(run.status, 0, run.notes, line: row.line)
            let bill = try XCTUnwrap(try run.json()[row.mode] as? [String: Any])
            let lines = try XCTUnwrap(bill["Lines"] as? [[String: Any]])
            for (item, arithmetic, amount) in row.lines {
                let found = lines.first { $0["Item"] as? String == item }
                if item != "Total" { XCTAssertEqual(found?["Arithmetic"] as? String, arithmetic, line: row.line) }
                XCTAssertEqual(dollars(item, row.mode, in: run.output), amount, item, line: row.line)
            }
        }
    }

    func testRequiresTheShardsOfTheLimits() throws {
        // Records per day, bytes, further options, shards.
        let cases: [(records: Int, bytes: Int, options: String, shards: Int, line: UInt)] = [
            (0, 1, "", 1, #line),
            (86_400_000, 1, "", 1, #line),
            (86_400_001, 1, "", 2, #line),
            (86_400_000, 1048, "", 1, #line),
            (86_400_000, 1049, "", 2, #line),
            (86_400, 1_048_576, "", 1, #line),
            (86_401, 1_048_576, "", 2, #line),
            (86_400, 1_048_576, "--shared-consumers 2", 1, #line),
            (86_400, 1_048_576, "--shared-consumers 3", 2, #line),
            (86_400, 1_048_576, "--shared-consumers 0 --consumers 5", 1, #line),
            (86_400_000, 1, "--peak-factor 1.5", 2, #line),
            (86_400_000, 1, "--peak-factor 2.000001", 3, #line),
        ]
        for row in cases {
            let run = try cost(
                "--records-per-day \(row.records) --bytes-per-record \(row.bytes) \(row.options) --output json")
            XCTAssertEqual(try run.json()["RequiredShardCount"] as? Int, row.shards, run.notes, line: row.line)
        }
    }

    func testReportsTheCheaperModeAndTheCrossover() throws {
        for (load, bound) in [
            ("--records-per-day 1000000 --bytes-per-record 1024", 2),
            ("--records-per-day 400000000 --bytes-per-record 1024 --consumers 2 --shard-level-metrics ALL", 60),
            ("--records-per-day 0 --bytes-per-record 1 --retention-period-hours 8760 --consumers 20", 0),
        ] {
            let load = load + " --output json"
            XCTAssertEqual(try cost(load).json()["ProvisionedIsCheaperUpToShardCount"] as? Int, bound, load)
            XCTAssertEqual(
                try cost("\(load) --shard-count \(bound + 1)").json()["Cheaper"] as? String, "ON_DEMAND", load)
            guard bound > 0 else { continue }
            XCTAssertEqual(
                try cost("\(load) --shard-count \(bound)").json()["Cheaper"] as? String, "PROVISIONED", load)
        }
    }

    func testRecommendsAndWarns() throws {
        let cases: [(options: String, batchSize: Int, factor: Int, notes: [String], line: UInt)] = [
            ("--records-per-day 1000000 --bytes-per-record 1024", 100, 1, [], #line),
            ("--records-per-day 43200000 --bytes-per-record 500", 2500, 1, [], #line),
            ("--records-per-day 43200000 --bytes-per-record 500 --duration-per-record-ms 6", 2500, 4, [], #line),
            (
                "--records-per-day 43200000 --bytes-per-record 500 --duration-per-record-ms 50", 2500, 10,
                ["a shard runs at most 10 concurrent batches, and this load requires 26"], #line
            ),
            ("--records-per-day 8640 --bytes-per-record 1000000", 4, 1, [], #line),
            (
                "--records-per-day 1 --bytes-per-record 5000000", 1, 1,
                ["a record of 5000000 bytes does not fit into the 6 MB of an invocation"], #line
            ),
            (
                "--records-per-day 432000000 --bytes-per-record 10 --shard-count 4 --shared-consumers 6", 6300, 1,
                ["4 shards are too few", "5 reads per second", "a new on-demand stream accepts 4 MB"], #line
            ),
        ]
        for row in cases {
            let answer = try cost(row.options + " --output json").json()
            let recommended = try XCTUnwrap(answer["Recommended"] as? [String: Any])
            XCTAssertEqual(recommended["BatchSize"] as? Int, row.batchSize, line: row.line)
            XCTAssertEqual(recommended["ParallelizationFactor"] as? Int, row.factor, line: row.line)
            let notes = try XCTUnwrap(answer["Notes"] as? [String])
            XCTAssertEqual(notes.count, row.notes.count, "\(notes)", line: row.line)
            for (note, start) in zip(notes, row.notes) {
                XCTAssertTrue(note.contains(start), "\(start) is not in: \(note)", line: row.line)
            }
        }
    }

    func testShowsItsArithmetic() throws {
        let run = try cost("--records-per-day 1000000 --bytes-per-record 1024")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(run.notes, "")
        for words in [
            "1 shard x 730 h x $0.015 = $10.95", "30,416,667 x $0.014/million = $0.43", "Total", "$11.71", "$33.98",
            "provisioned is cheaper than on-demand by $22.27 per month; for this load, with up to 2 shards",
            "Recommended: 1 shard, --batch-size 100, --parallelization-factor 1", "us-east-1",
        ] { XCTAssertTrue(run.output.contains(words), "\(words) is not in: \(run.output)") }
    }

    func testWarehouseCostsDirectAndStaged() throws {
        // Options, minutes of the staged interval, direct RPU-hours and dollars, staged RPU-hours and lines.
        let million = "--records-per-day 1000000 --bytes-per-record 1024"
        let rare = "--records-per-day 24 --bytes-per-record 1024 --maximum-batching-window-in-seconds 0"
        let cases: [(options: String, interval: Int, direct: [String], staged: [String], line: UInt)] = [
            (million, 1, ["5840", "2190.00"], ["5840", "2204.89"], #line),
            (million, 5, ["5840", "2190.00"], ["1168", "450.09"], #line),
            (million, 15, ["5840", "2190.00"], ["389.336", "157.63"], #line),
            (million + " --load-interval 30", 30, ["5840", "2190.00"], ["194.664", "84.51"], #line),
            (
                million + " --base-capacity 32 --rpu-hour-price 0.5", 5, ["23360", "11680.00"],
                ["4672", "2348.09"], #line
            ),
            // One batch per hour keeps the warehouse active for one minute per hour in either mode.
            (rare, 5, ["97.336", "36.50"], ["97.336", "36.96"], #line),
            (rare + " --transaction-ms 120000", 5, ["194.664", "73.00"], ["97.336", "36.96"], #line),
            // A load that takes longer than 60 s is billed for its duration, and at most for the whole month.
            (million + " --load-ms 150000", 5, ["5840", "2190.00"], ["2927.04", "1115.13"], #line),
            (million + " --load-ms 400000", 5, ["5840", "2190.00"], ["5840", "2216.61"], #line),
            ("--records-per-day 0 --bytes-per-record 1", 5, ["0", "0.00"], ["0", "0.44"], #line),
        ]
        for row in cases {
            let run = try cost(row.options + " --output json")
            XCTAssertEqual(run.status, 0, run.notes, line: row.line)
            let figures = run.output.matches(of: /"RPUHours": ([0-9.]+)/).map { String($0.1) }
            let answer = try XCTUnwrap(try run.json()["Warehouse"] as? [String: Any], line: row.line)
            let staged = try XCTUnwrap(answer["Staged"] as? [[String: Any]], line: row.line)
            let index = try XCTUnwrap(
                staged.firstIndex { $0["LoadIntervalMinutes"] as? Int == row.interval }, line: row.line)
            XCTAssertEqual(figures.count, staged.count + 1, line: row.line)
            let part = try XCTUnwrap(run.output.components(separatedBy: "\"Warehouse\": {").last)
            // Direct comes first; the total of a mode follows its lines.
            let totals = part.matches(of: /\]\s*,\s*"Dollars": ([0-9.]+)/).map { String($0.1) }
            XCTAssertEqual(totals.count, staged.count + 1, line: row.line)
            XCTAssertEqual([figures.first, totals.first], row.direct, line: row.line)
            guard totals.count == figures.count else { continue }
            XCTAssertEqual([figures[index + 1], totals[index + 1]], row.staged, line: row.line)
        }
    }

    func testWarehouseCostMarksAssumptions() throws {
        let load = "--records-per-day 1000000 --bytes-per-record 1024"
        let run = try cost(load)
        for words in [
            "a serverless warehouse of 8 RPUs", "DIRECT", "STAGED, EVERY 5 MIN", "8 RPUs x 730 h x $0.375 = $2,190.00",
            "8 RPUs x 146 h x $0.375 = $438.00", "2,229,245 x $5.00/million = $11.15",
            "the prices of RPU-hours and S3 requests were not verified",
            "--load-per-object-ms 1, --merge-ms 0, --merge-per-row-ms 0.035",
        ] { XCTAssertTrue(run.output.contains(words), "\(words) is not in: \(run.output)") }
        XCTAssertFalse(run.output.contains("does not keep up"), run.output)
        let slow = try cost(load + " --transaction-ms 10000").output
        XCTAssertTrue(slow.contains("direct mode does not keep up"), slow)
        XCTAssertTrue(slow.contains("--load-ms 2000, "), slow)
        let times = [
            "--transaction-ms", "--transaction-per-record-ms", "--load-ms", "--load-per-object-ms", "--merge-ms",
            "--merge-per-row-ms",
        ]
        for time in times {
            let output = try cost("\(load) \(time) 3").output
            XCTAssertFalse(output.contains("\(time) "), "\(time) is known: \(output)")
            XCTAssertTrue(output.contains("not measured on Redshift"), output)
        }
        let known = try cost("\(load) --rpu-hour-price 0.4 " + times.map { $0 + " 3" }.joined(separator: " ")).output
        XCTAssertFalse(known.contains("not measured"), known)
        XCTAssertTrue(known.contains("Note: the prices of S3 requests were not verified"), known)
    }

    func testKnowsThreeRegions() throws {
        let load = "--records-per-day 1000000 --bytes-per-record 1024"
        let there = try Concertctl.run(
            ["cost"] + load.split(separator: " ").map(String.init), environment: ["AWS_REGION": "eu-west-1"])
        XCTAssertEqual(there.status, 0, "AWS_REGION must be ignored: \(there.notes)")
        XCTAssertEqual(try cost(load + " --region us-west-2").status, 0)
        let run = try cost(load + " --region eu-west-1")
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("expected one of us-east-1, us-east-2, us-west-2"), run.notes)
    }

    func testRejectsIncorrectUsage() throws {
        let cases: [(options: String, notes: String, line: UInt)] = [
            ("", "--records-per-day is missing", #line),
            ("--records-per-day 5", "--bytes-per-record is missing", #line),
            ("--records-per-day -5 --bytes-per-record 5", "expected a whole number in 0...", #line),
            ("--records-per-day 99999999999999999999 --bytes-per-record 5", "expected a whole number in 0...", #line),
            ("--records-per-day 5 --bytes-per-record 0", "expected a whole number in 1...10485760", #line),
            ("--records-per-day 5 --bytes-per-record 5 --peak-factor 0.5", "expected a number in 1...1000", #line),
            ("--records-per-day 5 --bytes-per-record 5 --peak-factor 2x", "expected a number in 1...1000", #line),
            ("--records-per-day 5 --bytes-per-record 5 --peak-factor 1e2", "expected a number in 1...1000", #line),
            ("--records-per-day 5 --bytes-per-record 5 --peak-factor 1.0000001", "at most six decimal places", #line),
            ("--records-per-day 5 --bytes-per-record 5 --retention-period-hours 23", "in 24...8760", #line),
            ("--records-per-day 5 --bytes-per-record 5 --architecture mips", "expected one of x86_64, arm64", #line),
            ("--records-per-day 5 --bytes-per-record 5 --shard-level-metrics Bytes", "names \"Bytes\"", #line),
            ("--records-per-day 5 --bytes-per-record 5 --consumers 21", "in 0...20", #line),
            ("--records-per-day 5 --bytes-per-record 5 --consumers 51 --on-demand-advantage", "in 0...50", #line),
            ("--records-per-day 5 --bytes-per-record 5 --base-capacity 3", "in 4...1024", #line),
            ("--records-per-day 5 --bytes-per-record 5 --load-interval 0", "in 1...1440", #line),
            ("--records-per-day 5 --bytes-per-record 5 --rpu-hour-price x", "expected a number in 0...100", #line),
            ("--records-per-day 5 --bytes-per-record 5 --merge-ms 900001", "expected a number in 0...900000", #line),
            ("--records-per-day 5 --bytes-per-record 5 more", "unexpected argument", #line),
        ]
        for row in cases {
            let run = try cost(row.options)
            XCTAssertEqual(run.status, 2, row.options, line: row.line)
            XCTAssertTrue(run.notes.contains(row.notes), "\(row.notes) is not in: \(run.notes)", line: row.line)
            XCTAssertEqual(run.output, "", line: row.line)
        }
    }
}

/// Tests of `cost --plan` and `--simulate`.
final class CapacityPlanTests: XCTestCase {
    private func json(_ words: String) throws -> [String: Any] {
        let run = try Concertctl.run(
            ["cost", "--bytes-per-record", "700", "--plan", "--output", "json"]
                + words.split(separator: " ").map(String.init))
        XCTAssertEqual(run.status, 0, run.notes)
        return try run.json()
    }

    func testTheScalePageIsUpToDate() throws {
        let text = try String(contentsOf: Repository.root.appending(path: "docs/scale.md"), encoding: .utf8)
        let blocks = text.components(separatedBy: "```console\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        XCTAssertGreaterThanOrEqual(blocks.count, 3)
        for block in blocks {
            let command = try XCTUnwrap(block.firstMatch(of: /\$ dist\/concertctl (.+)\n/)?.1)
            let run = try Concertctl.run(command.split(separator: " ").map(String.init))
            let shown = try XCTUnwrap(block.components(separatedBy: "...\n").last)
            XCTAssertTrue(run.output.hasSuffix(shown), "docs/scale.md is out of date: \(command)\n\(run.output)")
        }
    }

    func testTheLimitWithTheHighestUtilizationIsFirst() throws {
        for (words, limit) in [
            ("--records-per-day 86400000", "records written"),
            (
                "--records-per-day 86400000 --duration-ms 5000 --batch-size 100 --parallelization-factor 1",
                "concurrent batches"
            ),
            ("--records-per-day 518400000 --processors redshift", "warehouse tables"),
            (
                "--records-per-day 86400000 --processors redshift --transaction-ms 0 --transaction-per-record-ms 0 --batch-size 20 "
                    + "--maximum-batching-window-in-seconds 0 --duration-ms 1", "Data API calls"
            ),
            ("--records-per-day 86400000 --processors cache --cache-commands 10", "cache commands"),
            (
                "--records-per-day 864000000 --processors notifier --notified-share 1 --shard-count 200 --duration-ms 1",
                "topic messages"
            ),
            ("--records-per-day 86400000000 --concurrency 5", "Lambda concurrency"),
        ] {
            let plan = try XCTUnwrap(try json(words)["Plan"] as? [String: Any])
            XCTAssertEqual(plan["BindsFirst"] as? String, limit, words)
        }
    }

    /// The calculation with averages and the simulation must agree unless the load is close to a limit.
    func testTheSimulationAgreesWithThePlan() throws {
        var kept = 0
        var fell = 0
        for records in [1_000_000, 86_400_000, 345_600_000, 1_728_000_000] {
            for sinks in ["", " --processors redshift"] {
                for duration in [20, 2000, 20_000] {
                    let words =
                        "--records-per-day \(records) --batch-size 1000 --duration-ms \(duration) --simulate 300"
                        + " --parallelization-factor 2" + sinks
                    let report = try json(words)
                    let plan = try XCTUnwrap(report["Plan"] as? [String: Any])
                    let limits = try XCTUnwrap(plan["Limits"] as? [[String: Any]])
                    // The write limits of producers are not simulated.
                    let use =
                        limits.filter { !($0["Name"] as? String ?? "").hasSuffix("written") }
                        .compactMap { $0["Use"] as? Double }.max() ?? 0
                    let keepsUp = try XCTUnwrap((report["Simulation"] as? [String: Any])?["KeepsUp"] as? Bool)
                    if use < 0.75 {
                        XCTAssertTrue(keepsUp, "\(use): \(words)")
                        kept += 1
                    } else if use > 1.4 {
                        XCTAssertFalse(keepsUp, "\(use): \(words)")
                        fell += 1
                    }
                }
            }
        }
        XCTAssertGreaterThan(kept, 6)
        XCTAssertGreaterThan(fell, 6)
    }

    private let staged = " --processors redshift --warehouse-load staged"

    func testTheStagedLimitWithTheHighestUtilizationIsFirst() throws {
        for (words, limit) in [
            ("--records-per-day 86400000 --merge-per-row-ms 2", "MERGE time"),
            // A load whose fixed part takes longer than its interval.
            ("--records-per-day 864 --load-interval 1 --load-ms 90000", "MERGE time"),
            (
                "--records-per-day 8640000000 --shard-count 200 --batch-size 100 --load-per-object-ms 0.01 --merge-per-row-ms 0"
                    + " --load-ms 0", "staged PUTs"
            ),
            (
                "--records-per-day 864000000 --shard-count 100 --batch-size 100 --load-per-object-ms 3 --load-interval 15"
                    + " --merge-per-row-ms 0", "objects per load"
            ),
            (
                "--records-per-day 86400000 --shard-count 10 --batch-size 4000 --duration-ms 1 --load-interval 1440"
                    + " --load-object-limit 50000 --merge-per-row-ms 0.2", "rows per load"
            ),
            ("--records-per-day 86400000 --merge-per-row-ms 0.001", "records written"),
        ] {
            let plan = try XCTUnwrap(try json(words + staged)["Plan"] as? [String: Any])
            XCTAssertEqual(plan["BindsFirst"] as? String, limit, words)
        }
    }

    func testDirectPlansAlsoShowStagedLimits() throws {
        let names = ["staged PUTs", "objects per load", "rows per load", "MERGE time"]
        let words = "--records-per-day 518400000 --batch-size 4000"
        func limits(_ member: String, in report: [String: Any]) throws -> [String] {
            let plan = try XCTUnwrap(report[member] as? [String: Any], member)
            return try XCTUnwrap(plan["Limits"] as? [[String: Any]]).compactMap { $0["Name"] as? String }
        }
        let direct = try json(words + " --processors redshift")
        XCTAssertTrue(try limits("Plan", in: direct).contains("warehouse tables"))
        XCTAssertTrue(Set(names).isDisjoint(with: try limits("Plan", in: direct)))
        XCTAssertTrue(Set(names).isSubset(of: try limits("StagedPlan", in: direct)))
        let only = try json(words + staged)
        XCTAssertTrue(Set(names).isSubset(of: try limits("Plan", in: only)))
        XCTAssertFalse(try limits("Plan", in: only).contains("Data API calls"))
        XCTAssertNil(only["StagedPlan"])
        XCTAssertNil(try json(words + " --processors cache")["StagedPlan"])
    }

    func testInputsThatWereNotMeasuredAreMarked() throws {
        let times = "--load-ms 1 --load-per-object-ms 1 --merge-ms 1 --merge-per-row-ms 1"
        for (words, isMarked) in [("", true), ("--load-ms 1 --merge-ms 1", true), (times, false)] {
            let plan = try XCTUnwrap(try json("--records-per-day 1000000 \(words)\(staged)")["Plan"] as? [String: Any])
            let limits = try XCTUnwrap(plan["Limits"] as? [[String: Any]])
            for name in ["objects per load", "rows per load", "MERGE time"] {
                let limit = try XCTUnwrap(limits.first { $0["Name"] as? String == name })
                let arithmetic = try XCTUnwrap(limit["Arithmetic"] as? String)
                XCTAssertEqual(arithmetic.hasSuffix(", not measured"), isMarked, "\(words): \(arithmetic)")
            }
        }
    }

    func testTheSimulatedLoaderAgreesWithThePlan() throws {
        var kept = 0
        var fell = 0
        for milliseconds in [0, 15_000, 30_000, 90_000] {
            for row in ["0.001", "0.3", "1.5"] {
                let words =
                    "--records-per-day 86400000 --batch-size 1000 --duration-ms 20 --simulate 1200 --load-interval 1"
                    + " --load-object-limit 100 --load-ms \(milliseconds / 3) --merge-per-row-ms \(row)\(staged)"
                let report = try json(words)
                let plan = try XCTUnwrap(report["Plan"] as? [String: Any])
                let limits = try XCTUnwrap(plan["Limits"] as? [[String: Any]])
                let use = try XCTUnwrap(limits.first { $0["Name"] as? String == "MERGE time" }?["Use"] as? Double)
                let loads = try XCTUnwrap((report["Simulation"] as? [String: Any])?["Loads"] as? [String: Any])
                let keepsUp = try XCTUnwrap(loads["KeepsUp"] as? Bool, words)
                let freshness = try XCTUnwrap(loads["FreshnessSeconds"] as? [String: Double])
                if use < 0.75 {
                    XCTAssertTrue(keepsUp, "\(use): \(words)")
                    // At most two intervals and a load: one interval until staging, and one until loading.
                    XCTAssertLessThan(try XCTUnwrap(freshness["max"]), 130, words)
                    XCTAssertGreaterThan(try XCTUnwrap(freshness["p50"]), 20, words)
                    kept += 1
                } else if use > 1.4 {
                    XCTAssertFalse(keepsUp, "\(use): \(words)")
                    fell += 1
                }
            }
        }
        XCTAssertGreaterThan(kept, 2)
        XCTAssertGreaterThan(fell, 2)
    }

    func testShortSimulationsDoNotJudgeTheLoader() throws {
        for (seconds, loads) in [(60, 0), (600, 4)] {
            let report = try json("--records-per-day 86400000 --simulate \(seconds)\(staged)")
            let outcome = try XCTUnwrap((report["Simulation"] as? [String: Any])?["Loads"] as? [String: Any])
            XCTAssertEqual(outcome["Count"] as? Int, loads)
            XCTAssertTrue(outcome["KeepsUp"] is NSNull)
        }
        let run = try Concertctl.run(
            ["cost", "--records-per-day", "86400000", "--bytes-per-record", "700", "--plan", "--simulate", "60"]
                + staged.split(separator: " ").map(String.init))
        XCTAssertTrue(run.output.contains("Loads: 0. Simulate at least 2400 s"), run.output)
    }

    func testWrongUsage() throws {
        for words in [
            ["--warehouse-load", "staged"], ["--plan", "--warehouse-load", "both"],
            ["--simulate", "60"], ["--processors", "redshift"], ["--plan", "--processors", "log"],
            ["--plan", "--simulate", "0"], ["--plan", "--notified-share", "2"],
            ["--plan", "--parallelization-factor", "11"],
        ] {
            let run = try Concertctl.run(["cost", "--records-per-day", "1", "--bytes-per-record", "1"] + words)
            XCTAssertEqual(run.status, 2, "\(words)")
        }
    }
}
