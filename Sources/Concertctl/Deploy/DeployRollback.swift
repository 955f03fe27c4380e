import Clients

/// Rollback to the previous version.
extension Deploy {
    func rollBack() async throws -> ExitStatus {
        let identity = try await self.identity()
        let bucket = DeployBucket(name: bucketName, account: identity.account, session: session)
        let history = DeployHistory(stack: stack.name, bucket: bucket)
        let current = try await stack.stack()
        try await checkStatus(of: current)
        if let current, current.isChanging { return try await follow(current) }
        guard let current, !current.isInReview else {
            guard session.isDryRun else {
                throw CommandError(
                    description: "stack \(stack.name) does not exist, so there is nothing to go back from")
            }
            return try await planRollback(history)
        }
        var findings = DeployFindings()
        _ = try await bucket.isMissing(&findings)
        try findings.check()
        let deployed = try await stack.template(stage: "Original")
        guard let version = try await history.previous(to: current, template: deployed) else {
            throw CommandError(
                description: "no earlier version of stack \(stack.name) is in bucket \(bucket.name); "
                    + "concertctl deploy keeps one whenever it changes a stack")
        }
        let template = try DeployTemplate(
            try await bucket.object(version.template), path: "s3://\(bucket.name)/\(version.template)")
        session.say("stack \(stack.name): back to the version that was replaced at \(version.time)")
        let desired = StackReference.Desired(
            isNew: false, templateURL: bucket.url(of: version.template),
            parameters: template.parameters.compactMap { parameter in
                if let value = version.parameters[parameter.name] { return (parameter.name, value) }
                return current.parameters[parameter.name] == nil ? nil : (parameter.name, nil)
            })
        return try await apply(desired, to: current, deployed, template, history)
    }

    /// Plans the calls of a rollback in a dry run, which does not read the bucket.
    private func planRollback(_ history: DeployHistory) async throws -> ExitStatus {
        _ = try await stack.template(stage: "Original")
        _ = try await history.previous(to: Stack(id: stack.name, status: ""), template: "")
        let desired = StackReference.Desired(
            isNew: false, templateURL: history.bucket.url(of: "\(stack.name)/templates/HASH.yaml"), parameters: [])
        return try await apply(desired, to: nil, nil, try DeployTemplate([], path: "template"), history)
    }
}
