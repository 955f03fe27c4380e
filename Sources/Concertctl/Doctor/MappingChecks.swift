import Clients
import Processor

/// Checks of the event source mapping and its settings.
extension Check {
    static let mapping = [
        Check(name: "Mapping", needs: [.stream]) { context in try await mapping(&context) },
        Check(name: "Last result", needs: [.mapping]) { context in lastResult(context) },
        Check(name: "Response type", needs: [.mapping]) { context in responseType(context) },
        Check(name: "Retries", needs: [.mapping]) { context in retries(context) },
        Check(name: "Bisect", needs: [.mapping]) { context in bisect(context) },
        Check(name: "Record age", needs: [.mapping]) { context in recordAge(context) },
        Check(name: "Batch", needs: [.mapping]) { context in batch(context) },
        Check(name: "Timeout", needs: [.mapping, .function]) { context in timeout(context) },
        Check(name: "Concurrency", needs: [.function]) { context in concurrency(context) },
        Check(name: "Starting position", needs: [.mapping]) { context in startingPosition(context) },
    ]

    private static func mapping(_ context: inout DiagnosisContext) async throws -> Finding {
        let stream = context.summary?.arn ?? ""
        let found = try await context.mappings().filter {
            $0.isOf(stream: stream) && $0.isFor(context.functionName)
        }
        guard let mapping = found.first(where: { $0.state == "Enabled" }) ?? found.first else {
            return .fault(
                "no mapping invokes \(context.functionName) with records of \(context.streamReference.name)",
                context.failureDestination.creation, context.mappingCreation)
        }
        context.mapping = mapping
        let isPlain = ["", "USER_INITIATED", "User initiated", "User action"].contains(mapping.transitionReason)
        let reason = isPlain ? "" : ": \(mapping.transitionReason)"
        let text = "\(mapping.uuid) is \(mapping.state)\(reason)"
        switch mapping.state {
        case "Enabled" where found.count { $0.state == "Enabled" } > 1:
            return .warning(
                "\(found.count) mappings invoke the function, so it receives each record \(found.count) times",
                Remedy.listMappings, "and concertctl mapping delete --uuid UUID, for all but one")
        case "Enabled": return .ok(text)
        case "Disabled", "Disabling": return .fault(text, Remedy.enableMapping(mapping.uuid))
        case "Deleting":
            return .fault(text, context.failureDestination.creation, context.mappingCreation)
        case "Creating", "Enabling", "Updating": return .warning(text, "run this again in a minute")
        default: return .unknown(text)
        }
    }

    private static func lastResult(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping else { return .unknown("the mapping is not known") }
        switch mapping.lastResult {
        case "": return .unknown("Lambda does not report one")
        case "OK", "No records processed": return .ok(mapping.lastResult)
        default: return .fault(mapping.lastResult, Remedy.readLog(context.functionName))
        }
    }

    private static func responseType(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping else { return .unknown("the mapping is not known") }
        guard mapping.reportsItemFailures else {
            return .fault(
                "no ReportBatchItemFailures: Lambda treats every response as a success, and failed records are lost",
                Remedy.updateMapping(mapping.uuid, "--function-response-types ReportBatchItemFailures"))
        }
        return .ok("ReportBatchItemFailures")
    }

    private static func retries(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping else { return .unknown("the mapping is not known") }
        guard let retries = mapping.maximumRetries else {
            let (creation, change) = context.change(mapping, "--maximum-retry-attempts 10")
            return .warning("endless: a failing batch blocks its shard until its records expire", creation, change)
        }
        return .ok("a failing batch is retried \(retries) time\(retries == 1 ? "" : "s")")
    }

    private static func bisect(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping else { return .unknown("the mapping is not known") }
        guard mapping.bisects else {
            return .warning(
                "off: a record that crashes the function fails its whole batch",
                Remedy.updateMapping(mapping.uuid, "--bisect-batch-on-function-error"))
        }
        return .ok("on")
    }

    /// Checks that Lambda discards records before they expire, because expired records never reach a destination.
    private static func recordAge(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping, let summary = context.summary else {
            return .unknown("the mapping is not known")
        }
        let retention = summary.retentionHours * 3600
        let (creation, change) = context.change(
            mapping, "--maximum-record-age-in-seconds \(context.maximumRecordAge)")
        guard let age = mapping.maximumAge else {
            return .warning(
                "no limit: records that fail until the stream's retention of \(summary.retentionHours) h ends are lost silently",
                creation, change)
        }
        guard age < retention else {
            return .warning(
                "\(age) s, but records expire after \(retention) s: records that fail until then are lost silently",
                creation, change,
                "or " + Remedy.retain(summary.name, hours: min(8760, age / 3600 + 24)))
        }
        return .ok("records are discarded after \(age) s, before they expire")
    }

    /// The batch size of the template with a warehouse.
    private static let warehouseBatchSize = 1000

    private static func batch(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping else { return .unknown("the mapping is not known") }
        let factor = mapping.parallelizationFactor
        let batches = "\(factor) batch\(factor == 1 ? "" : "es") per shard"
        let text = "\(mapping.batchSize) records or \(mapping.batchingWindow) s, \(batches)"
        guard mapping.batchSize > 1 else {
            return .warning(
                text + ": each record is its own invocation",
                Remedy.updateMapping(mapping.uuid, "--batch-size 100 --maximum-batching-window-in-seconds 5"))
        }
        if mapping.batchSize < warehouseBatchSize, context.processors.contains("redshift") {
            let unit =
                context.variable(RedshiftSettings.load) == "staged"
                ? "up to four objects of any size: small batches create many small objects"
                : "one warehouse transaction of any size: small batches make shards wait"
            return .warning(
                text + ": each batch is " + unit,
                Remedy.updateMapping(
                    mapping.uuid,
                    "--batch-size \(warehouseBatchSize) --maximum-batching-window-in-seconds \(max(10, mapping.batchingWindow))"
                ))
        }
        return .ok(text)
    }

    /// Checks the timeout.
    ///
    /// A batch that does not complete in time is retried from its checkpoint.
    private static func timeout(_ context: DiagnosisContext) -> Finding {
        guard let mapping = context.mapping, let timeout = context.configuration["Timeout"]?.integer else {
            return .unknown("the response to lambda GetFunction does not contain it")
        }
        let perRecord = timeout * 1000 / max(1, mapping.batchSize)
        let text = "\(timeout) s for a batch of \(mapping.batchSize), \(perRecord) ms per record"
        guard timeout >= 10, perRecord >= 5 else {
            return .warning(
                text + ": a slow sink leaves no time",
                Remedy.configureFunction(context.functionName, "--timeout 60"))
        }
        return .ok(text)
    }

    private static func concurrency(_ context: DiagnosisContext) -> Finding {
        guard let reserved = context.function?["Concurrency"]?["ReservedConcurrentExecutions"]?.integer else {
            return .ok("not reserved: uses the unreserved concurrency of the account")
        }
        let change = Remedy.freeConcurrency(context.functionName)
        guard reserved > 0 else { return .fault("0 is reserved: the function is never invoked", change) }
        let factor = context.mapping?.parallelizationFactor ?? 1
        let needed = (context.summary?.openShards ?? 1) * factor
        guard reserved >= needed else {
            return .warning("\(reserved) is reserved, but the stream's shards require \(needed)", change)
        }
        return .ok("\(reserved) is reserved")
    }

    private static func startingPosition(_ context: DiagnosisContext) -> Finding {
        guard let position = context.mapping?.startingPosition, !position.isEmpty else {
            return .unknown("Lambda does not report it")
        }
        let note = "; records that arrived before the mapping was first Enabled were not read"
        return .ok(position + (position == "LATEST" ? note : ""))
    }
}

/// The parts of advice.
extension DiagnosisContext {
    /// Half of the stream's retention period, so that discarded records stay on the stream for the same time.
    var maximumRecordAge: Int { min(604_800, max(60, (summary?.retentionHours ?? 24) * 1800)) }

    /// The command that creates a mapping which neither skips records nor loses them silently.
    var mappingCreation: String {
        Remedy.createMapping(
            summary?.arn ?? streamReference.name, functionName, onFailure: failureDestination.arn,
            maximumRecordAge: maximumRecordAge)
    }

    /// Returns the command that limits the retries of a mapping.
    ///
    /// Without an on-failure destination, a limit loses records, so the command also sets a destination.
    fileprivate func change(_ mapping: MappingSettings, _ options: String) -> (creation: String?, change: String) {
        guard mapping.destination == nil else { return (nil, Remedy.updateMapping(mapping.uuid, options)) }
        let (arn, creation) = failureDestination
        return (creation, Remedy.updateMapping(mapping.uuid, "\(options) --on-failure \(arn)"))
    }
}

extension DiagnosisContext {
    /// Returns all mappings of the function or the stream.
    ///
    /// Neither query alone finds those of aliases and consumers.
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
