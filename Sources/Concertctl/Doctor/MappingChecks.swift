import Clients
import Processor

/// The event source mapping, setting by setting.
extension Check {
    static let mapping = [
        Check(name: "Mapping", needs: [.stream]) { examination in try await mapping(&examination) },
        Check(name: "Last result", needs: [.mapping]) { examination in lastResult(examination) },
        Check(name: "Response type", needs: [.mapping]) { examination in responseType(examination) },
        Check(name: "Retries", needs: [.mapping]) { examination in retries(examination) },
        Check(name: "Bisect", needs: [.mapping]) { examination in bisect(examination) },
        Check(name: "Record age", needs: [.mapping]) { examination in recordAge(examination) },
        Check(name: "Batch", needs: [.mapping]) { examination in batch(examination) },
        Check(name: "Timeout", needs: [.mapping, .function]) { examination in timeout(examination) },
        Check(name: "Concurrency", needs: [.function]) { examination in concurrency(examination) },
        Check(name: "Starting position", needs: [.mapping]) { examination in startingPosition(examination) },
    ]

    private static func mapping(_ examination: inout Examination) async throws -> Finding {
        let stream = examination.summary?.arn ?? ""
        let found = try await examination.mappings().filter {
            $0.isOf(stream: stream) && $0.isFor(examination.functionName)
        }
        guard let mapping = found.first(where: { $0.state == "Enabled" }) ?? found.first else {
            return .fault(
                "no mapping delivers records of \(examination.streamReference.name) to \(examination.functionName)",
                examination.failureDestination.creation, examination.mappingCreation)
        }
        examination.mapping = mapping
        let isPlain = ["", "USER_INITIATED", "User initiated", "User action"].contains(mapping.transitionReason)
        let reason = isPlain ? "" : ": \(mapping.transitionReason)"
        let text = "\(mapping.uuid) is \(mapping.state)\(reason)"
        switch mapping.state {
        case "Enabled" where found.count { $0.state == "Enabled" } > 1:
            return .warning(
                "\(found.count) mappings take records to the function, so it gets each record as often",
                Remedy.listMappings, "and concertctl mapping delete --uuid UUID, for all but one")
        case "Enabled": return .ok(text)
        case "Disabled", "Disabling": return .fault(text, Remedy.enableMapping(mapping.uuid))
        case "Deleting":
            return .fault(text, examination.failureDestination.creation, examination.mappingCreation)
        case "Creating", "Enabling", "Updating": return .warning(text, "run this again in a minute")
        default: return .unknown(text)
        }
    }

    private static func lastResult(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping else { return .unknown("the mapping is not known") }
        switch mapping.lastResult {
        case "": return .unknown("Lambda tells none")
        case "OK", "No records processed": return .ok(mapping.lastResult)
        default: return .fault(mapping.lastResult, Remedy.readLog(examination.functionName))
        }
    }

    private static func responseType(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping else { return .unknown("the mapping is not known") }
        guard mapping.reportsItemFailures else {
            return .fault(
                "no ReportBatchItemFailures: Lambda takes every response for a success, and failed records are lost",
                Remedy.updateMapping(mapping.uuid, "--function-response-types ReportBatchItemFailures"))
        }
        return .ok("ReportBatchItemFailures")
    }

    private static func retries(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping else { return .unknown("the mapping is not known") }
        guard let retries = mapping.maximumRetries else {
            let (creation, change) = examination.change(mapping, "--maximum-retry-attempts 10")
            return .warning("endless: one bad batch holds up its shard until its records expire", creation, change)
        }
        return .ok("a failing batch is tried \(retries) more time\(retries == 1 ? "" : "s")")
    }

    private static func bisect(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping else { return .unknown("the mapping is not known") }
        guard mapping.bisects else {
            return .warning(
                "off: a record that ends the function takes its whole batch along",
                Remedy.updateMapping(mapping.uuid, "--bisect-batch-on-function-error"))
        }
        return .ok("on")
    }

    /// Records that leave the stream by age never reach a destination, so Lambda must give them up before.
    private static func recordAge(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping, let summary = examination.summary else {
            return .unknown("the mapping is not known")
        }
        let retention = summary.retentionHours * 3600
        let (creation, change) = examination.change(
            mapping, "--maximum-record-age-in-seconds \(examination.maximumRecordAge)")
        guard let age = mapping.maximumAge else {
            return .warning(
                "no limit: what fails until the stream's \(summary.retentionHours) h are over is lost silently",
                creation, change)
        }
        guard age < retention else {
            return .warning(
                "\(age) s, but the stream forgets records after \(retention) s: what fails that long is lost silently",
                creation, change,
                "or " + Remedy.retain(summary.name, hours: min(8760, age / 3600 + 24)))
        }
        return .ok("records are given up after \(age) s, before the stream forgets them")
    }

    /// The template's batch size with a warehouse.
    private static let warehouseBatchSize = 1000

    private static func batch(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping else { return .unknown("the mapping is not known") }
        let factor = mapping.parallelizationFactor
        let batches = "\(factor) batch\(factor == 1 ? "" : "es") a shard"
        let text = "\(mapping.batchSize) records or \(mapping.batchingWindow) s, \(batches)"
        guard mapping.batchSize > 1 else {
            return .warning(
                text + ": each record is an invocation of its own",
                Remedy.updateMapping(mapping.uuid, "--batch-size 100 --maximum-batching-window-in-seconds 5"))
        }
        if mapping.batchSize < warehouseBatchSize, examination.processors.contains("redshift") {
            let unit =
                examination.variable(RedshiftSettings.load) == "staged"
                ? "up to four objects, whatever its size: small batches make many small objects"
                : "a transaction of the warehouse, whatever its size: small batches make shards wait"
            return .warning(
                text + ": each batch is " + unit,
                Remedy.updateMapping(
                    mapping.uuid,
                    "--batch-size \(warehouseBatchSize) --maximum-batching-window-in-seconds \(max(10, mapping.batchingWindow))"
                ))
        }
        return .ok(text)
    }

    /// A batch that does not get done in time is done again from where it stopped, and again.
    private static func timeout(_ examination: Examination) -> Finding {
        guard let mapping = examination.mapping, let timeout = examination.configuration["Timeout"]?.integer else {
            return .unknown("lambda GetFunction does not say")
        }
        let perRecord = timeout * 1000 / max(1, mapping.batchSize)
        let text = "\(timeout) s for a batch of \(mapping.batchSize), \(perRecord) ms a record"
        guard timeout >= 10, perRecord >= 5 else {
            return .warning(
                text + ": a slow sink leaves no time",
                Remedy.configureFunction(examination.functionName, "--timeout 60"))
        }
        return .ok(text)
    }

    private static func concurrency(_ examination: Examination) -> Finding {
        guard let reserved = examination.function?["Concurrency"]?["ReservedConcurrentExecutions"]?.integer else {
            return .ok("not reserved: what the account has left")
        }
        let change = Remedy.freeConcurrency(examination.functionName)
        guard reserved > 0 else { return .fault("0 is reserved: the function is never invoked", change) }
        let factor = examination.mapping?.parallelizationFactor ?? 1
        let needed = (examination.summary?.openShards ?? 1) * factor
        guard reserved >= needed else {
            return .warning("\(reserved) is reserved, but the stream's shards want \(needed) at once", change)
        }
        return .ok("\(reserved) is reserved")
    }

    private static func startingPosition(_ examination: Examination) -> Finding {
        guard let position = examination.mapping?.startingPosition, !position.isEmpty else {
            return .unknown("Lambda does not tell")
        }
        let note = "; what arrived before the mapping was first Enabled was not read"
        return .ok(position + (position == "LATEST" ? note : ""))
    }
}

/// What advice is made of.
extension Examination {
    /// Half of the stream's retention: what Lambda discards is still on the stream for as long.
    var maximumRecordAge: Int { min(604_800, max(60, (summary?.retentionHours ?? 24) * 1800)) }

    /// The command that creates a mapping which skips no record and loses none silently.
    var mappingCreation: String {
        Remedy.createMapping(
            summary?.arn ?? streamReference.name, functionName, onFailure: failureDestination.arn,
            maximumRecordAge: maximumRecordAge)
    }

    /// The command that limits what a mapping retries.
    ///
    /// Without an on-failure destination a limit loses records, so the command sets one, too.
    fileprivate func change(_ mapping: MappingSettings, _ options: String) -> (creation: String?, change: String) {
        guard mapping.destination == nil else { return (nil, Remedy.updateMapping(mapping.uuid, options)) }
        let (arn, creation) = failureDestination
        return (creation, Remedy.updateMapping(mapping.uuid, "\(options) --on-failure \(arn)"))
    }
}

extension Examination {
    /// All mappings of the function or of the stream: neither question alone finds those of aliases and consumers.
    mutating func mappings() async throws -> [MappingSettings] {
        var found: [MappingSettings] = []
        for source in [nil, summary?.arn] {
            let all = try await Paging.all { marker in
                do {
                    let page = try await json(listMappings(source: source, marker: marker))
                    return Page(
                        (page["EventSourceMappings"]?.array ?? []).compactMap(MappingSettings.init),
                        next: page["NextMarker"]?.string)
                } catch let error as AWSError where error.code == "ResourceNotFoundException" {
                    return Page([], next: nil)
                }
            }
            for mapping in all where !found.contains(where: { $0.uuid == mapping.uuid }) { found.append(mapping) }
        }
        return found
    }
}
