import Basics
import Clients
import JSON

/// The settings `REDSHIFT_...`: the warehouse to write to, and the login.
package struct RedshiftSettings: Sendable, Equatable {
    /// The warehouse that the Data API connects to.
    package enum Warehouse: Sendable, Equatable {
        /// `REDSHIFT_WORKGROUP_NAME`: a serverless workgroup.
        case workgroup(String)
        /// `REDSHIFT_CLUSTER_IDENTIFIER`: a provisioned cluster.
        case cluster(String)
    }

    /// The user that the Data API connects as.
    package enum Login: Sendable, Equatable {
        /// The database user that belongs to the caller's IAM identity.
        case iam
        /// `REDSHIFT_SECRET_ARN`: the user that a secret contains.
        case secret(String)
        /// `REDSHIFT_DB_USER`: this user, with temporary credentials.
        case user(String)
    }

    /// `REDSHIFT_STAGING_BUCKET` and `REDSHIFT_COPY_ROLE_ARN`: the bucket to copy rows from, and the role for it.
    package struct Staging: Sendable, Equatable {
        package var bucket: String
        package var roleARN: String
        /// `LOAD_OBJECT_LIMIT`: the most objects of one load.
        package var loadObjectLimit: Int
    }

    /// `REDSHIFT_LOAD`: the way in which rows are written to the tables.
    package enum Load: Sendable, Equatable {
        /// The function writes each batch in a transaction; rows of large batches go through the bucket, if one is set.
        case direct(Staging?)
        /// The function writes objects to the bucket, and a loader merges them into the tables.
        case staged(Staging)
    }

    package var warehouse: Warehouse
    /// `REDSHIFT_DATABASE`.
    package var database: String
    package var login: Login
    /// `REDSHIFT_SCHEMA` in lower case, to which Redshift folds names.
    package var schema: String
    package var load: Load

    /// The bucket and the role, in both modes.
    package var staging: Staging? {
        switch load {
        case .direct(let staging): staging
        case .staged(let staging): staging
        }
    }

    /// The schema's name in SQL.
    package var quotedSchema: String { "\"\(schema)\"" }

    /// The warehouse's name in messages.
    package var name: String {
        switch warehouse {
        case .workgroup(let name): "workgroup \(name)"
        case .cluster(let name): "cluster \(name)"
        }
    }

    /// The members of a Data API request that identify the warehouse, the database and the login.
    package var connection: [(String, JSONValue?)] {
        var members: [(String, JSONValue?)] = []
        switch warehouse {
        case .workgroup(let name): members.append(("WorkgroupName", .string(name)))
        case .cluster(let name): members.append(("ClusterIdentifier", .string(name)))
        }
        members.append(("Database", .string(database)))
        switch login {
        case .iam: break
        case .secret(let arn): members.append(("SecretArn", .string(arn)))
        case .user(let name): members.append(("DbUser", .string(name)))
        }
        return members
    }
}

/// The environment variables.
extension RedshiftSettings {
    package static let workgroup = Setting(
        "REDSHIFT_WORKGROUP_NAME", .text("name or ARN"),
        "a serverless workgroup; set either this or the next variable")
    package static let cluster = Setting("REDSHIFT_CLUSTER_IDENTIFIER", .text("name"), "a provisioned cluster")
    package static let database = Setting(
        "REDSHIFT_DATABASE", .text("name"), required: "for redshift", "the database of the tables")
    package static let secret = Setting(
        "REDSHIFT_SECRET_ARN", .secretARN, "connect as the user that this secret of Secrets Manager contains")
    package static let user = Setting(
        "REDSHIFT_DB_USER", .text("name"),
        "connect to a cluster as this user, with temporary credentials. Without either: as the user that belongs to the IAM role"
    )
    package static let schema = Setting(
        "REDSHIFT_SCHEMA",
        .text(
            "letters, digits, `_`", expected: "up to 127 letters, digits and \"_\", a digit not first",
            where: isSchema),
        default: "concert_dw", "the schema of the tables, in any letter case")
    package static let load = Setting<LoadMode>(
        "REDSHIFT_LOAD", .choice(["direct": .direct, "staged": .staged]), default: .direct,
        "`direct`: each batch is a transaction. `staged`: the function writes objects to the bucket, and a loader loads them ([which one](scale.md#direct-or-staged)); requires the next two"
    )
    package static let stagingBucket = Setting(
        "REDSHIFT_STAGING_BUCKET", .bucket,
        "the bucket from which `COPY` reads rows: those of large batches in direct mode, all in staged mode; requires the next variable"
    )
    package static let copyRole = Setting(
        "REDSHIFT_COPY_ROLE_ARN",
        .text(
            "role's ARN", expected: "a role's ARN such as arn:aws:iam::123456789012:role/copy", where: isRole),
        "the role with which the warehouse reads the bucket")
    package static let loadObjectLimit = Setting(
        "LOAD_OBJECT_LIMIT", .integer(1...50_000), default: 10_000, "the most objects of one load")

    /// The value of `REDSHIFT_LOAD`, without the settings that it requires.
    package enum LoadMode: Sendable, Equatable { case direct, staged }
}

/// Reading of the settings.
extension RedshiftSettings: SettingsPart {
    package init?(_ reader: inout SettingsReader) {
        let (workgroup, cluster) = (reader.read(Self.workgroup), reader.read(Self.cluster))
        if workgroup != nil, cluster != nil {
            reader.complain("REDSHIFT_WORKGROUP_NAME and REDSHIFT_CLUSTER_IDENTIFIER are both set; keep one of them")
        } else if workgroup == nil, cluster == nil {
            reader.complain("REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER must be set for redshift")
        }
        let database = reader.required(Self.database)
        login = Self.login(&reader, isServerless: workgroup != nil)
        // Redshift folds names to lower case.
        schema = reader.read(Self.schema).lowercased()
        let mode = reader.read(Self.load)
        let staging = Self.staging(&reader)
        switch (mode, staging) {
        case (.direct, let staging): load = .direct(staging)
        case (.staged, let staging?): load = .staged(staging)
        case (.staged, nil):
            load = .direct(nil)
            reader.complain(
                "REDSHIFT_LOAD is staged; REDSHIFT_STAGING_BUCKET and REDSHIFT_COPY_ROLE_ARN must be set as well")
        }
        guard let warehouse = workgroup.map(Warehouse.workgroup) ?? cluster.map(Warehouse.cluster), let database else {
            return nil
        }
        (self.warehouse, self.database) = (warehouse, database)
    }

    private static func login(_ reader: inout SettingsReader, isServerless: Bool) -> Login {
        let (secret, user) = (reader.read(Self.secret), reader.read(Self.user))
        if secret != nil, user != nil {
            reader.complain(
                "REDSHIFT_SECRET_ARN and REDSHIFT_DB_USER are both set; keep one of them, or neither for IAM")
        } else if user != nil, isServerless {
            reader.complain(
                "REDSHIFT_DB_USER and REDSHIFT_WORKGROUP_NAME are both set; the user of a workgroup comes from IAM "
                    + "or from REDSHIFT_SECRET_ARN")
        }
        return secret.map(Login.secret) ?? user.map(Login.user) ?? .iam
    }

    private static func staging(_ reader: inout SettingsReader) -> Staging? {
        let (bucket, role) = (reader.read(Self.stagingBucket), reader.read(Self.copyRole))
        let limit = reader.read(Self.loadObjectLimit)
        switch (bucket, role) {
        case (let bucket?, let role?): return Staging(bucket: bucket, roleARN: role, loadObjectLimit: limit)
        case (nil, nil): return nil
        case (_?, nil):
            reader.complain("REDSHIFT_STAGING_BUCKET is set without REDSHIFT_COPY_ROLE_ARN; set both, or neither")
        case (nil, _?):
            reader.complain("REDSHIFT_COPY_ROLE_ARN is set without REDSHIFT_STAGING_BUCKET; set both, or neither")
        }
        return nil
    }
}

/// The formats of values, which become part of SQL.
extension RedshiftSettings {
    private static func isSchema(_ name: String) -> Bool {
        name.utf8.count <= 127 && name.utf8.first.map { (0x30...0x39).contains($0) } == false
            && name.utf8.allSatisfy { BucketName.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isRole(_ arn: String) -> Bool {
        guard let parts = ARN(arn), parts.service == "iam", parts.resource.utf8.starts(with: "role/".utf8) else {
            return false
        }
        return arn.utf8.allSatisfy { BucketName.isLetterOrDigit($0) || ":/+=,.@_-".utf8.contains($0) }
    }
}

extension SettingForm where Value == String {
    /// The ARN of a secret.
    ///
    /// Messages do not quote the text, because it may be the secret itself.
    fileprivate static var secretARN: SettingForm {
        SettingForm(.text("ARN")) { arn, faults in
            if ARN(arn)?.service != "secretsmanager" {
                faults.append(
                    .predicate("is not the ARN of a secret; expected for example arn:aws:secretsmanager:..."))
            }
            return arn
        }
    }
}
