import Basics
import Clients

extension RedshiftWriter {
    package static let definition = ProcessorDefinition(
        "redshift", local: .standIn { LocalWarehouse.standIn(&$0, log: $1) }, actions: actions
    ) { reader in
        let settings = RedshiftSettings(&reader)
        guard let aws = reader.aws(), let settings else { return nil }
        return { log in
            switch settings.load {
            case .direct: RedshiftWriter(settings: settings, log: log, makeClient: aws.makeClient)
            case .staged(let staging):
                StagingWriter(target: StagedTarget(settings, staging), makeClient: aws.makeClient)
            }
        }
    }

    private static func actions(_ reader: SettingsReader, _ scope: AccountScope) -> [IAMAction] {
        func put(_ bucket: String, _ prefix: String) -> IAMAction {
            IAMAction("s3:PutObject", on: "arn:\(scope.partition):s3:::\(bucket)/\(prefix)*")
        }
        if let target = StagedTarget(reader) { return [put(target.bucket, target.staged)] }
        var actions: [IAMAction] = []
        if let arn = reader.text(of: RedshiftSettings.workgroup), ARN(arn) != nil {
            actions.append(IAMAction("redshift-data:BatchExecuteStatement", on: arn))
        }
        if let bucket = reader.text(of: RedshiftSettings.stagingBucket) {
            actions.append(put(bucket, "redshift-staging/"))
        }
        return actions
    }
}
