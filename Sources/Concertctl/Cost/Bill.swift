import Foundation

/// The monthly cost of one capacity mode, by line item.
struct Bill: Sendable {
    struct Line: Sendable {
        var item: String
        /// The calculation without its result, such as `2 shards x 730 h x $0.015`.
        var arithmetic: String
        /// The amount, rounded to cents so that the lines add up to the total.
        var amount: Decimal

        init(_ item: String, _ arithmetic: String, _ amount: Decimal) {
            (self.item, self.arithmetic, self.amount) = (item, arithmetic, amount.rounded(toPlaces: 2))
        }
    }

    var shards: Int
    var lines: [Line]

    var total: Decimal { lines.reduce(0) { $0 + $1.amount } }
}

/// The cost of streams.
extension Bill {
    private static let hours = Decimal(Prices.hoursPerMonth)

    /// Returns the cost of a provisioned stream.
    ///
    /// - Parameter shards: The number of shards to pay for, whether or not the load requires them.
    static func provisioned(_ load: StreamLoad, _ function: FunctionLoad, shards: Int, _ prices: Prices) -> Bill {
        let count = Decimal(shards)
        let shardText = "\(count.text()) shard\(shards == 1 ? "" : "s")"
        var lines = [
            Line("Capacity", "\(shardText) x 730 h x \(prices.shardHour.price)", count * hours * prices.shardHour),
            Line(
                "PUT payload units",
                "\(load.payloadUnitsPerMonth.text(decimals: 0)) x \(prices.millionPayloadUnits.price)/million",
                load.payloadUnitsPerMonth / 1_000_000 * prices.millionPayloadUnits),
        ]
        if load.retentionHours > 24 {
            lines.append(
                Line(
                    "Extended retention", "\(shardText) x 730 h x \(prices.extendedShardHour.price)",
                    count * hours * prices.extendedShardHour))
        }
        lines += longTerm(load, prices)
        if load.fanOutConsumers > 0 {
            let consumers = Decimal(load.fanOutConsumers)
            lines += [
                Line(
                    "Fan-out consumers",
                    "\(consumers.text()) x \(shardText) x 730 h x \(prices.consumerShardHour.price)",
                    consumers * count * hours * prices.consumerShardHour),
                fanOut(load, prices.fanOutGigabyte),
            ]
        }
        return Bill(
            shards: shards, lines: lines + metrics(load, shards, prices) + lambda(load, function, shards, prices))
    }

    static func onDemand(_ load: StreamLoad, _ function: FunctionLoad, _ prices: Prices) -> Bill {
        let read = load.gigabytesPerMonth * Decimal(load.sharedConsumers)
        var lines: [Line] = []
        if prices.streamHour > 0 {
            lines.append(Line("Capacity", "1 stream x 730 h x \(prices.streamHour.price)", hours * prices.streamHour))
        }
        lines += [
            Line(
                "Data in", "\(load.gigabytesInPerMonth.text()) GB x \(prices.gigabyteIn.price)",
                load.gigabytesInPerMonth * prices.gigabyteIn),
            Line("Data out", "\(read.text()) GB x \(prices.gigabyteOut.price)", read * prices.gigabyteOut),
        ]
        lines += commitment(load, read: read, prices)
        if load.retentionHours > 24 {
            let kept = load.gigabytesKept(from: 24, to: 168)
            lines.append(
                Line(
                    "Extended retention", "\(kept.text()) GB x \(prices.extendedGigabyteMonth.price)",
                    kept * prices.extendedGigabyteMonth))
        }
        lines += longTerm(load, prices)
        if load.fanOutConsumers > 0 { lines.append(fanOut(load, prices.onDemandFanOutGigabyte)) }
        let shards = load.onDemandShards
        return Bill(
            shards: shards, lines: lines + metrics(load, shards, prices) + lambda(load, function, shards, prices))
    }

    /// Returns the cost of the unused part of the account's throughput commitment.
    private static func commitment(_ load: StreamLoad, read: Decimal, _ prices: Prices) -> [Line] {
        guard prices.committedMegabytesPerSecond > 0 else { return [] }
        let least = Decimal(prices.committedMegabytesPerSecond) * hours * 3600 / 1024
        let fannedOut = load.gigabytesPerMonth * Decimal(load.fanOutConsumers)
        let (restIn, restOut) = (max(0, least - load.gigabytesInPerMonth), max(0, least - read - fannedOut))
        return [
            Line(
                "Commitment",
                "(\(restIn.text()) GB x \(prices.gigabyteIn.price) + \(restOut.text()) GB x "
                    + "\(prices.gigabyteOut.price))", restIn * prices.gigabyteIn + restOut * prices.gigabyteOut)
        ]
    }

    private static func longTerm(_ load: StreamLoad, _ prices: Prices) -> [Line] {
        guard load.retentionHours > 168 else { return [] }
        let kept = load.gigabytesKept(from: 168)
        return [
            Line(
                "Long-term retention", "\(kept.text()) GB x \(prices.longTermGigabyteMonth.price)",
                kept * prices.longTermGigabyteMonth)
        ]
    }

    private static func fanOut(_ load: StreamLoad, _ price: Decimal) -> Line {
        let data = load.gigabytesPerMonth
        let consumers = Decimal(load.fanOutConsumers)
        return Line(
            "Fan-out data", "\(consumers.text()) x \(data.text()) GB x \(price.price)", consumers * data * price)
    }

    private static func metrics(_ load: StreamLoad, _ shards: Int, _ prices: Prices) -> [Line] {
        guard load.shardMetrics > 0 else { return [] }
        let count = Decimal(shards)
        let shardText = "\(count.text()) shard\(shards == 1 ? "" : "s")"
        return [
            Line(
                "Enhanced monitoring", "\(load.shardMetrics) metrics x \(shardText) x \(prices.metricMonth.price)",
                Decimal(load.shardMetrics) * count * prices.metricMonth)
        ]
    }
}

/// The cost of Lambda.
extension Bill {
    private static func lambda(
        _ load: StreamLoad, _ function: FunctionLoad, _ shards: Int, _ prices: Prices
    ) -> [Line] {
        let records = function.recordsPerBatch(load, shards: shards)
        let batches = (load.recordsPerMonth / records).ceiling
        let milliseconds = function.milliseconds(forBatchOf: records)
        let gigabyteSecond = prices.gigabyteSecond[function.architecture] ?? .nan
        let memory = Decimal(function.memory)
        return [
            Line(
                "Lambda requests", "\(batches.text()) x \(prices.millionRequests.price)/million",
                batches / 1_000_000 * prices.millionRequests),
            Line(
                "Lambda duration",
                "\(batches.text()) x \((milliseconds / 1000).text()) s x \(memory.text())/1024 GB x "
                    + gigabyteSecond.price,
                batches * milliseconds * memory * gigabyteSecond / 1_024_000),
        ]
    }
}
