#include "../../node/catalogue/csv.h"
#include "../t.h"

// The whole table as text: | between cells, / behind rows; or the English message.
static const char *
table_of(struct bytes file)
{
    static struct buf text;
    OWNED(csv_destroy) struct csv *csv = NULL;
    struct err err = {0};
    bool has_row = true;
    buf_clear(&text);
    int code = csv_new(file, &csv, &err);
    while (code == 0 && has_row) {
        code = csv_next(csv, &has_row, &err);
        for (size_t i = 0; code == 0 && has_row && i < csv_column_count(csv); i++) {
            buf_add_bytes(&text, csv_cell(csv, i));
            buf_add_text(&text, i + 1 < csv_column_count(csv) ? "|" : "/");
        }
    }
    if (code != 0) {
        buf_clear(&text);
        buf_add_text(&text, code == ERR_CSV ? err.en : "another code");
    }
    return buf_text(&text);
}

#define TABLE(given, want) T_TEXT(table_of(BYTES_LIT(given)), want)

TEST(csv, reads_rows_and_cells)
{
    TABLE("a,b\n1,2\n3,4\n", "1|2/3|4/");
    TABLE("a,b\n1,2", "1|2/");
    TABLE("a,b\n", "");
    TABLE("a,b", "");
    TABLE("a\nx\n", "x/");
    TABLE("a,b\n,2\n1,\n", "|2/1|/");
}

TEST(csv, finds_the_separator_in_the_header)
{
    TABLE("a;b\n1,5;2\n", "1,5|2/");
    TABLE("a\tb\n1;2\t3,4\n", "1;2|3,4/");
    TABLE("\"x;y;z\",b\n1,2\n", "1|2/");
}

TEST(csv, reads_every_kind_of_line_end)
{
    TABLE("a,b\r\n1,2\r\n", "1|2/");
    TABLE("a,b\r1,2\r3,4", "1|2/3|4/");
    TABLE("a,b\r\n\"x\r\ny\",2\r\n", "x\ny|2/");
}

TEST(csv, reads_quotes)
{
    TABLE("a,b\n\"1,5\",\"nói \"\"có\"\"\"\n", "1,5|nói \"có\"/");
    TABLE("a,b\n\"\",\"\"\"\"\n", "|\"/");
    TABLE("a,b\n\"x\",\"y", "line 2, column b: a \" is opened and never closed");
    TABLE("a,b\n\"x\"y,2\n", "line 2, column a: a \" is out of place: put the whole cell in "
                             "\"...\" and write \" as \"\"");
    TABLE("a,b\n1,x\"y\"\n", "line 2, column b: a \" is out of place: put the whole cell in "
                             "\"...\" and write \" as \"\"");
}

TEST(csv, tidies_cells)
{
    TABLE("\xef\xbb\xbf"
          "a,b\n Nguye\xcc\x82\xcc\x83n ,\xc2\xa0x\n",
          "Nguyễn|x/");
}

TEST(csv, passes_over_empty_rows_and_columns)
{
    TABLE("\n;;\na;b;;\n1;2;;\n;;;\n\n3;4\n", "1|2/3|4/");
    TABLE("a;b;\n1;2;3\n", "line 2: 3 columns, the header has 2");
}

TEST(csv, refuses_rows_of_another_width)
{
    TABLE("a,b,c\n1,2,3\n1,2\n", "line 3: 2 columns, the header has 3");
    TABLE("a,b\n1,2,3\n", "line 2: 3 columns, the header has 2");
}

TEST(csv, counts_lines_inside_quotes)
{
    TABLE("a,b\n\"x\ny\nz\",2\n1,\"\n\xff\"\n",
          "line 5, column b: not UTF-8 (an old font such as .VnTime?); save it as 'CSV UTF-8'");
}

TEST(csv, refuses_what_is_not_text)
{
    TABLE("a,b\n1,2\nNinh B\xd7nh,2\n",
          "line 3, column a: not UTF-8 (an old font such as .VnTime?); save it as 'CSV UTF-8'");
    TABLE("a,b\n1,x\0y\n", "line 2, column b: there is a NUL byte; the file is not text");
    TABLE("a,b\n1,x\x1by\n", "line 2, column b: there is a control character (code 27)");
    TABLE("a,\xff\n",
          "line 1, column 2: not UTF-8 (an old font such as .VnTime?); save it as 'CSV UTF-8'");
    TABLE("PK\x03\x04"
          "abc",
          "this is an Excel file; open it in Excel and save it as 'CSV UTF-8'");
    TABLE("\xfe\xff\0a", "the file is UTF-16BE; save it as 'CSV UTF-8'");
}

TEST(csv, refuses_a_header_it_cannot_use)
{
    TABLE("", "the file is empty, it has no header");
    TABLE("\n\n;;\n", "the file is empty, it has no header");
    TABLE("a,,b\n", "the header, column 2: it has no name");
    TABLE("Ngày ký,b,ngay_KY\n", "the header: columns 1 and 3 are both called 'ngay_KY'");
}

TEST(csv, reads_excels_unicode_text)
{
    TABLE("\xff\xfe"
          "a\0\t\0b\0\r\0\n\0"
          "\x01\x1e\t\0\x3d\xd8\x00\xde\r\0\n\0",
          "ḁ|😀/");
    TABLE("\xff\xfe"
          "a\0\n\0"
          "\x3d\xd8\n\0", // Half a pair
          "line 2, column a: not UTF-8 (an old font such as .VnTime?); save it as 'CSV UTF-8'");
    TABLE("\xff\xfe"
          "a\0\n\0"
          "x\0y", // Half a unit
          "line 2, column a: not UTF-8 (an old font such as .VnTime?); save it as 'CSV UTF-8'");
}

TEST(csv, finds_columns_however_they_are_written)
{
    OWNED(csv_destroy) struct csv *csv = NULL;
    struct err err = {0};
    size_t column = 9;
    T_EQ(csv_new(BYTES_LIT("code, Signed_On ,Ngày  Ký\n"), &csv, &err), 0);
    T_OK(csv_column(csv, "signed on", &column));
    T_EQ(column, 1);
    T_OK(csv_column(csv, "SIGNED_ON", &column));
    T_OK(csv_column(csv, "ngày ký", &column));
    T_EQ(column, 2);
    T_OK(!csv_column(csv, "signed", &column));
    T_OK(!csv_column(csv, "", &column));
    T_EQ(csv_need(csv, "name", &column, &err), ERR_CSV);
    T_TEXT(err.en, "the header: there is no column 'name'");
    T_EQ(csv_name(csv, 1).size, 9);
    T_EQ(csv_name(csv, 3).size, 0);
}

TEST(csv, says_where_a_value_is_wrong)
{
    OWNED(csv_destroy) struct csv *csv = NULL;
    struct err err = {0};
    bool has_row = false;
    T_EQ(csv_new(BYTES_LIT("a,ngày\n\n\"x\ny\",31/02/2026\n"), &csv, &err), 0);
    T_EQ(csv_next(csv, &has_row, &err), 0);
    T_OK(has_row);
    T_EQ(csv_line(csv), 3);
    (void)err_set(&err, ERR_FIELD, "'%s' không phải ngày", "'%s' is no day", "31/02/2026");
    T_EQ(csv_wrap(csv, 1, &err), ERR_CSV);
    T_TEXT(err.vi, "dòng 4, cột ngày: '31/02/2026' không phải ngày");
    T_TEXT(err.en, "line 4, column ngày: '31/02/2026' is no day");
}

TEST(csv, has_limits)
{
    OWNED(buf_release) struct buf wide = {0}, tall = {0};
    for (int i = 0; i <= CSV_COLUMNS_MAX; i++)
        buf_print(&wide, "c%d,", i);
    T_TEXT(table_of(buf_bytes(&wide)), "line 1, column 129: more than 128 columns");
    buf_add_text(&tall, "a\n");
    for (int i = 0; i <= CSV_CELL_MAX; i++)
        buf_add_byte(&tall, 'x');
    T_TEXT(table_of(buf_bytes(&tall)),
           "line 2, column a: the cell is too long, at most 32768 bytes");
    tall.size--;
    T_EQ(strlen(table_of(buf_bytes(&tall))), CSV_CELL_MAX + 1);
}
