import Foundation
import Processor

/// Builders of HTML fragments.
enum Markup {
    /// Returns text escaped for HTML, with visible control characters.
    static func escaped(_ text: String) -> String {
        // Compares bytes, because a combining mark next to a "<" forms one Character with it, but a parser sees two.
        var result: [UInt8] = []
        for byte in MessageText.escaped(text).utf8 {
            switch byte {
            case UInt8(ascii: "&"): result += "&amp;".utf8
            case UInt8(ascii: "<"): result += "&lt;".utf8
            case UInt8(ascii: ">"): result += "&gt;".utf8
            case UInt8(ascii: "\""): result += "&quot;".utf8
            case UInt8(ascii: "'"): result += "&#39;".utf8
            case UInt8(ascii: "`"): result += "&#96;".utf8
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Returns a table that scrolls horizontally if it is too wide, also by keyboard.
    ///
    /// - Parameters:
    ///   - name: The accessible name.
    ///   - heads: The column headings; the prefix `#` marks numeric columns.
    ///   - rows: The cells, as HTML.
    static func table(_ name: String, _ heads: [String], _ rows: [[String]]) -> String {
        let isNumber = heads.map { $0.hasPrefix("#") }
        let head = zip(heads, isNumber).map {
            "<th scope=\"col\"\($1 ? " class=\"n\"" : "")>\($1 ? $0.dropFirst() : $0[...])</th>"
        }
        let body = rows.map { row in
            "<tr>" + zip(row, isNumber).map { "<td\($1 ? " class=\"n\"" : "")>\($0)</td>" }.joined() + "</tr>"
        }
        return
            "<div class=\"scroll\" role=\"region\" aria-label=\"\(name)\" tabindex=\"0\"><table><thead><tr>\(head.joined())</tr></thead>"
            + "<tbody>\(body.joined())</tbody></table></div>"
    }

    /// Returns a figure of the page's width, 1000 by `height` units, with labels at the top and below.
    static func figure(_ name: String, height: Int, _ shapes: String, top: String = "", axis: [String] = []) -> String {
        let labels = axis.isEmpty ? "" : "<div class=\"axis\">\(axis.map { "<span>\($0)</span>" }.joined())</div>"
        let head = top.isEmpty ? "" : "<div class=\"axis\"><span>\(top)</span></div>"
        return
            "<figure>\(head)<svg viewBox=\"0 0 1000 \(height)\" preserveAspectRatio=\"none\" style=\"height:\(height)px\" "
            + "role=\"img\" aria-label=\"\(name)\">\(shapes)</svg>\(labels)</figure>"
    }

    /// Returns a rectangle of a figure.
    ///
    /// - Parameter title: The tooltip.
    static func rectangle(x: Double, y: Double, width: Double, height: Double, colour: String, title: String) -> String
    {
        "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\" "
            + "fill=\"var(--\(colour))\"><title>\(title)</title></rect>"
    }

    /// Returns the last digits of a sequence number, with the full number as a tooltip.
    static func sequenceNumber(_ digits: String) -> String {
        let scalars = digits.unicodeScalars
        guard scalars.count > 16 else { return escaped(digits) }
        return "<abbr title=\"\(escaped(digits))\">…\(escaped(String(scalars.suffix(12))))</abbr>"
    }

    static func milliseconds(_ value: Double) -> String {
        value < 1000 ? String(format: "%.3g ms", value) : String(format: "%.4g s", value / 1000)
    }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func number(_ value: Double) -> String { String(format: "%.2f", value) }
}
