import Poller

/// The section about failed batches, with their bisections and retries.
extension ReportPage {
    /// The most batches that are shown; the others are only counted.
    private static let batchLimit = 50
    /// The most rows of all lists together.
    private static let rowLimit = 3000

    /// The shard and number of a batch; as bytes, because the shard's name is from an event.
    private struct Key: Hashable {
        private let shard: [UInt8]
        private let number: Int

        init(shard: String, number: Int) { (self.shard, self.number) = (Array(shard.utf8), number) }
    }

    /// The invocations that follow from each batch.
    private struct BatchTree {
        var children: [Key: [PolledReplay.PolledInvocation]] = [:]
        var discarded: [Key: DiscardedBatch] = [:]

        init(_ polled: PolledReplay) {
            for step in polled.steps {
                guard let parent = step.batch.parent else { continue }
                children[Key(shard: step.batch.shard, number: parent), default: []].append(step)
            }
            for batch in polled.discarded {
                guard let parent = batch.batch.parent else { continue }
                discarded[Key(shard: batch.batch.shard, number: parent)] = batch
            }
        }

        /// Returns the invocation and those that follow from it, depth first, each with its depth.
        func line(from root: PolledReplay.PolledInvocation) -> [(
            step: PolledReplay.PolledInvocation, depth: Int, discarded: DiscardedBatch?
        )] {
            var found: [(step: PolledReplay.PolledInvocation, depth: Int, discarded: DiscardedBatch?)] = []
            var open = [(root, 0)]
            while let (step, depth) = open.popLast() {
                let key = Key(shard: step.batch.shard, number: step.batch.number)
                found.append((step, depth, discarded[key]))
                for child in (children[key] ?? []).reversed() { open.append((child, depth + 1)) }
            }
            return found
        }
    }

    var failedBatches: String {
        guard let polled else { return "" }
        let roots = polled.steps.filter { $0.batch.parent == nil && $0.failure != nil }
        guard !roots.isEmpty else { return "" }
        let tree = BatchTree(polled)
        var body = """
            <p class="legend"><span><i style="background:var(--good)"></i>accepted</span><span><i style="background:var(--bad)"></i>failed</span>\
            <span><i style="background:var(--gone)"></i>discarded</span></p>
            """
        var rows = 0
        var drawn = 0
        for root in roots.prefix(Self.batchLimit) where rows < Self.rowLimit {
            let line = tree.line(from: root)
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

    /// Returns a figure with each invocation as a bar below its predecessor, as wide as its share of the batch's records.
    private func drawing(
        of line: [(step: PolledReplay.PolledInvocation, depth: Int, discarded: DiscardedBatch?)], root: PolledBatch
    ) -> String {
        let depths = min(40, (line.map(\.depth).max() ?? 0) + 1)
        let indices = Dictionary(
            root.records.enumerated().map { (Array($0.element.sequenceNumber.utf8), $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let unit = 1000 / Double(max(1, root.records.count))
        func bar(_ batch: PolledBatch, row: Int, colour: String, title: String) -> String {
            let index = batch.records.first.flatMap { indices[Array($0.sequenceNumber.utf8)] } ?? 0
            return Markup.rectangle(
                x: min(Double(index) * unit, 997), y: Double(row) * 16,
                width: max(3, Double(batch.records.count) * unit),
                height: 16, colour: colour, title: title)
        }
        var bars = ""
        for (step, depth, discarded) in line where depth < depths {
            let failure = step.failure.map { ", failed: \(Markup.escaped($0))" } ?? ", accepted"
            bars += bar(
                step.batch, row: depth, colour: step.failure == nil ? "good" : "bad",
                title: "batch \(step.batch.number), \(Markup.counted(step.batch.records.count, "record"))\(failure)")
            if let discarded, !discarded.batch.records.isEmpty {
                bars += bar(
                    discarded.batch, row: depth, colour: "gone",
                    title: "discarded: \(Markup.counted(discarded.batch.records.count, "record"))")
            }
        }
        return Markup.figure(
            "Bisections and retries of the batch: one row per attempt, with the records from left to right",
            height: depths * 16,
            bars, axis: ["first record", "last record"])
    }

    private func list(_ line: [(step: PolledReplay.PolledInvocation, depth: Int, discarded: DiscardedBatch?)]) -> String
    {
        let rows = line.prefix(Self.rowLimit).map { step, depth, discarded in
            let batch = step.batch
            var outcome =
                step.failure.map { "<span class=\"bad\">failed</span>: \(Markup.escaped($0))" }
                ?? "<span class=\"good\">accepted</span>"
            if let discarded {
                outcome +=
                    "<br><span class=\"gone\">discarded</span>, \(discarded.condition.rawValue): "
                    + "\(Markup.counted(discarded.batch.records.count, "record")), from "
                    + Markup.sequenceNumber(discarded.batch.records.first?.sequenceNumber ?? "no record")
            }
            return [
                "\(depth + 1)", "\(batch.number)", batch.parent.map { "\($0)" } ?? "", "\(batch.records.count)",
                Markup.sequenceNumber(batch.records.first?.sequenceNumber ?? ""), "\(batch.cuts)", "\(batch.retries)",
                Markup.milliseconds(step.latency / .milliseconds(1)), outcome,
            ]
        }
        return Markup.table(
            "Invocations of the batch",
            ["#row", "#batch", "#of", "#records", "from", "#bisections", "#retries", "#latency", "outcome"], Array(rows)
        )
            + Self.rest(line.count - rows.count)
    }
}
