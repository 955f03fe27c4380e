import Basics
import Clients
import JSON

/// The objects from which a transaction copies its rows.
struct StagedUpload: Sendable {
    struct Object: Sendable {
        var key: String
        /// Newline-delimited JSON, compressed with gzip.
        var body: [UInt8]
    }

    var bucket: String
    var objects: [Object]

    /// Returns the call that writes an object.
    func request(_ object: Object) -> AWSRequest {
        .putObject(bucket: bucket, key: object.key, contentType: "application/gzip", body: object.body)
    }

    /// Throws unless a response confirms that the object was stored: status 200 and an ETag.
    static func check(_ response: AWSResponse) throws(WarehouseError) {
        guard response.status == 200, response.headers["etag"]?.isEmpty == false else {
            throw .unavailable(
                "s3 PutObject: status \(response.status) without an ETag, so the object may not be stored; check the endpoint"
            )
        }
    }
}

/// A planner of transactions that copy their rows from objects in S3.
///
/// The number of rows is not limited by the size of the statements.
struct CopyPlanner: Sendable {
    let statements: UpsertStatements
    let staging: RedshiftSettings.Staging

    /// Returns a transaction of all `candidates`; nil if there is not enough memory.
    ///
    /// - Parameter folder: Identifies the records, so that a retry of the same records overwrites the objects.
    func transaction(of candidates: ArraySlice<Upsert.Candidate>, folder: String) -> Transaction? {
        let upsert = Upsert(candidates)
        let lines = upsert.tables.map { (table: $0, bytes: Self.lines(upsert.rows[$0] ?? [])) }
        var objects: [WarehouseTable: StagedUpload.Object] = [:]
        for (table, bytes) in lines {
            guard let body = Gzip.deflate(bytes) else { return nil }
            objects[table] = StagedUpload.Object(key: "\(folder)/\(table.name).ndjson.gz", body: body)
        }
        let content = SHA256.digest(of: lines.flatMap(\.bytes)).hexadecimal
        let statements = statements.text(of: upsert, suffix: String(content.prefix(12))) { table, stage in
            objects[table].map { [copy($0, into: stage, table)] } ?? []
        }
        let text = content + statements.joined(separator: ";\n")
        return Transaction(
            recordCount: candidates.count, statements: statements,
            digest: SHA256.digest(of: Array(text.utf8)).hexadecimal,
            upload: StagedUpload(bucket: staging.bucket, objects: upsert.tables.compactMap { objects[$0] }))
    }

    /// Returns one JSON object per row, with the columns' names, without columns that are NULL.
    static func lines(_ rows: [WarehouseRow]) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in rows {
            var writer = JSONWriter()
            writer.openObject()
            for (column, value) in zip(row.table.columns, row.values) { value.write(column.name, to: &writer) }
            writer.closeObject()
            bytes += writer.bytes
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// Returns the statement that fills a staging table from an object.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html>
    private func copy(_ object: StagedUpload.Object, into stage: String, _ table: WarehouseTable) -> String {
        """
        COPY \(stage) (\(table.columns.map(\.name).joined(separator: ", "))) \
        FROM 's3://\(staging.bucket)/\(object.key)' IAM_ROLE '\(staging.roleARN)' \
        FORMAT AS JSON 'auto' GZIP DATEFORMAT 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF
        """
    }
}

extension RecordBatch {
    /// Returns a folder name that identifies a range of records by shard and sequence numbers.
    func stagingFolder(from first: RecordPosition, to last: RecordPosition) -> String {
        let range = ObjectKeyPart.safe("\(sequenceText(first))-\(sequenceText(last))")
        return "redshift-staging/\(keyPrefix(of: first))/\(range)"
    }

    private func sequenceText(_ position: RecordPosition) -> String {
        sequenceNumber(of: position).digits + (position.subSequenceNumber.map { ".\($0)" } ?? "")
    }
}
