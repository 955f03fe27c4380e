import Poller

/// How each batch that failed was cut and tried again.
extension ReportPage {
    /// Batches that are drawn and listed; the others are counted.
    private static let batchLimit = 50
    /// Rows of all lists together.
    private static let rowLimit = 3000

    /// Which batch of which shard; by bytes, for a shard's name comes from an event.
    private struct Key: Hashable {
        private let shard: [UInt8]
        private let number: Int

        init(shard: String, number: Int) { (self.shard, self.number) = (Array(shard.utf8), number) }
    }

    /// The invocations that came of one batch, by their place in it.
    private struct Family {
        var children: [Key: [PolledReplay.Step]] = [:]
        var given: [Key: DiscardedBatch] = [:]

        init(_ polled: PolledReplay) {
            for step in polled.steps {
                guard let parent = step.batch.parent else { continue }
                children[Key(shard: step.batch.shard, number: parent), default: []].append(step)
            }
            for batch in polled.discarded {
                guard let parent = batch.batch.parent else { continue }
                given[Key(shard: batch.batch.shard, number: parent)] = batch
            }
        }

        /// The invocation and all that came of it, depth first; each with how many came before it.
        func line(from root: PolledReplay.Step) -> [(step: PolledReplay.Step, depth: Int, given: DiscardedBatch?)] {
            var found: [(step: PolledReplay.Step, depth: Int, given: DiscardedBatch?)] = []
            var open = [(root, 0)]
            while let (step, depth) = open.popLast() {
                let key = Key(shard: step.batch.shard, number: step.batch.number)
                found.append((step, depth, given[key]))
                for child in (children[key] ?? []).reversed() { open.append((child, depth + 1)) }
            }
            return found
        }
    }

    var failedBatches: String {
        guard let polled else { return "" }
        let roots = polled.steps.filter { $0.batch.parent == nil && $0.failure != nil }
        guard !roots.isEmpty else { return "" }
        let family = Family(polled)
        var body = """
            <p class="legend"><span><i style="background:var(--good)"></i>taken</span><span><i style="background:var(--bad)"></i>failed</span>\
            <span><i style="background:var(--gone)"></i>given up</span></p>
            """
        var rows = 0
        var drawn = 0
        for root in roots.prefix(Self.batchLimit) where rows < Self.rowLimit {
            let line = family.line(from: root)
            rows += line.count
            drawn += 1
            let batch = root.batch
            body +=
                "<h3>\(Markup.escaped(batch.shard)) batch \(batch.number): \(Markup.counted(batch.records.count, "record"))</h3>"
                + drawing(of: line, root: batch)
                + "<details\(drawn == 1 ? " open" : "")><summary>\(Markup.counted(line.count, "invocation")), one by one</summary>"
                + list(line) + "</details>"
        }
        return body + Self.rest(roots.count - drawn)
    }

    /// Each invocation as a bar under the one that it came of, as wide as its records are of the whole batch.
    private func drawing(
        of line: [(step: PolledReplay.Step, depth: Int, given: DiscardedBatch?)], root: PolledBatch
    ) -> String {
        let depths = min(40, (line.map(\.depth).max() ?? 0) + 1)
        let places = Dictionary(
            root.records.enumerated().map { (Array($0.element.sequenceNumber.utf8), $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let unit = 1000 / Double(max(1, root.records.count))
        func bar(_ batch: PolledBatch, row: Int, colour: String, title: String) -> String {
            let place = batch.records.first.flatMap { places[Array($0.sequenceNumber.utf8)] } ?? 0
            return Markup.rectangle(
                x: min(Double(place) * unit, 997), y: Double(row) * 16,
                width: max(3, Double(batch.records.count) * unit),
                height: 16, colour: colour, title: title)
        }
        var bars = ""
        for (step, depth, given) in line where depth < depths {
            let failure = step.failure.map { ", failed: \(Markup.escaped($0))" } ?? ", taken"
            bars += bar(
                step.batch, row: depth, colour: step.failure == nil ? "good" : "bad",
                title: "batch \(step.batch.number), \(Markup.counted(step.batch.records.count, "record"))\(failure)")
            if let given, !given.batch.records.isEmpty {
                bars += bar(
                    given.batch, row: depth, colour: "gone",
                    title: "given up: \(Markup.counted(given.batch.records.count, "record"))")
            }
        }
        return Markup.figure(
            "How the batch was cut and tried again: a row an attempt, from left to right the records",
            height: depths * 16,
            bars, axis: ["first record", "last record"])
    }

    private func list(_ line: [(step: PolledReplay.Step, depth: Int, given: DiscardedBatch?)]) -> String {
        let rows = line.prefix(Self.rowLimit).map { step, depth, given in
            let batch = step.batch
            var outcome =
                step.failure.map { "<span class=\"bad\">failed</span>: \(Markup.escaped($0))" }
                ?? "<span class=\"good\">taken</span>"
            if let given {
                outcome +=
                    "<br><span class=\"gone\">given up</span>, \(given.condition.rawValue): "
                    + "\(Markup.counted(given.batch.records.count, "record")), from "
                    + Markup.sequenceNumber(given.batch.records.first?.sequenceNumber ?? "no record")
            }
            return [
                "\(depth + 1)", "\(batch.number)", batch.parent.map { "\($0)" } ?? "", "\(batch.records.count)",
                Markup.sequenceNumber(batch.records.first?.sequenceNumber ?? ""), "\(batch.cuts)", "\(batch.retries)",
                Markup.milliseconds(step.latency / .milliseconds(1)), outcome,
            ]
        }
        return Markup.table(
            "Invocations of the batch",
            ["#row", "#batch", "#of", "#records", "from", "#cuts", "#retries", "#latency", "outcome"], Array(rows))
            + Self.rest(line.count - rows.count)
    }
}
