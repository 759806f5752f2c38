// make - samples to train the dictionary of the wire from: small batches of made-up records
//
//     make FOLDER        writes FOLDER/0000 and so on; proto/make-dictionary does the rest
//
// Every sample is the raw inside of one batch, as a node at work sends it: one to eight entries of
// one office and mostly one type. What never comes twice (salts, ids, hashes, epochs) is random, so
// that none of it is learnt; what comes again is as conf/plan/types has it. The numbers begin at
// one seed: the same program makes the same samples.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/entry.h"
#include "../../proto/hash.h"
#include "../../proto/pack.h"

enum { SAMPLES = 3000, ENTRIES_MAX = 8, DAY_2026 = 20454 };

#define WALL_2026 INT64_C(1767225600000)

struct author {
    struct origin origin;
    struct office subject;
    seq_t seq;
};

static uint64_t state = 4711;

// splitmix64
static uint64_t
chance(uint64_t below)
{
    uint64_t value = (state += 0x9e3779b97f4a7c15U);
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27) * 0x94d049bb133111ebU;
    return (value ^ value >> 31) % below;
}

static void
random_fill(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)chance(256);
}

#define PICK(list) ((list)[chance(sizeof(list) / sizeof *(list))])

static void
pack_key_uint(struct packer *out, const char *key, uint64_t value)
{
    pack_text(out, key);
    pack_uint(out, value);
}

static void
pack_key_text(struct packer *out, const char *key, const char *value)
{
    pack_text(out, key);
    pack_text(out, value);
}

static void
pack_key_bool(struct packer *out, const char *key, bool value)
{
    pack_text(out, key);
    pack_bool(out, value);
}

static void
pack_list(struct packer *out, const char *key, const char *const *names, size_t count)
{
    size_t from = chance(count), size = 1 + chance(count - from < 4 ? count - from : 4);
    pack_text(out, key);
    pack_array(out, size);
    for (size_t i = 0; i < size; i++)
        pack_text(out, names[from + i]);
}

static void
record_text_random(const struct office *creator, char ret_text[RECORD_TEXT_MAX + 1])
{
    struct record_id id = {.creator = *creator};
    random_fill(id.id, sizeof id.id);
    record_id_text(&id, ret_text);
}

static void
household_facts(struct packer *out, const struct author *author)
{
    static const char *const statuses[] = {"active", "active", "active", "moved_out",
                                           "merged", "split",  "vacant"};
    (void)author;
    pack_map(out, 3);
    pack_key_uint(out, "household_no", 1 + chance(300));
    pack_key_uint(out, "since", DAY_2026 - chance(4000));
    pack_key_text(out, "status", PICK(statuses));
}

static void
commitment_facts(struct packer *out, const struct author *author)
{
    static const char *const signers[] = {"chu_ho", "chu_ho", "nguoi_dai_dien"};
    char household[RECORD_TEXT_MAX + 1];
    record_text_random(&author->origin.office, household);
    pack_map(out, 6);
    pack_key_bool(out, "data_notice_given", true);
    pack_key_text(out, "form_version", "2026");
    pack_key_text(out, "household", household);
    pack_key_bool(out, "paper_archived", chance(3) > 0);
    pack_key_uint(out, "signed_on", DAY_2026 + chance(365));
    pack_key_text(out, "signer_role", PICK(signers));
}

static void
session_facts(struct packer *out, const struct author *author)
{
    static const char *const audiences[] = {
        "can_bo",   "dang_vien", "doan_vien_hoi_vien", "nhan_dan",         "thanh_thieu_nien",
        "hoc_sinh", "sinh_vien", "cong_nhan",          "dan_toc_thieu_so", "nguoi_co_nguy_co",
    };
    static const char *const topics[] = {
        "chu_truong_dang",    "phap_luat_pcmt",   "tac_hai_ma_tuy", "quan_triet_da03_nq04",
        "loi_song_lanh_manh", "to_giac_toi_pham", "tai_hoa_nhap",   "khac",
    };
    static const char *const forms[] = {
        "truc_tiep",   "truc_tiep",         "san_khau_hoa",     "truc_quan",
        "hoi_nghi",    "sinh_hoat_chi_hoi", "loa_truyen_thanh", "mang_xa_hoi",
        "phat_to_roi", "toa_dam",           "thi_tim_hieu",
    };
    static const char *const languages[] = {"viet", "viet", "viet",     "tay",    "nung",
                                            "dao",  "mong", "san_chay", "san_diu"};
    static const char *const partners[] = {
        "phu_nu",         "nong_dan",    "doan_thanh_nien", "cuu_chien_binh", "cong_doan",
        "nguoi_cao_tuoi", "chu_thap_do", "cong_an",         "truong_hoc",
    };
    static const char *const places[] = {"Nhà văn hóa", "Nhà văn hóa xóm", "Trụ sở UBND xã",
                                         "Trường THCS", "Trường THPT",     "Sân đình",
                                         "Hội trường"};
    static const char *const times[] = {"07:30", "08:00", "14:00", "19:00", "19:30", "20:00"};
    char place[64];
    (void)author;
    (void)snprintf(place, sizeof place, "%s %u", PICK(places), (unsigned)chance(30));
    pack_map(out, 10);
    pack_key_uint(out, "attendees", 10 + chance(300));
    pack_key_uint(out, "attendees_female", chance(150));
    pack_list(out, "audience", audiences, sizeof audiences / sizeof *audiences);
    pack_key_text(out, "form", PICK(forms));
    pack_key_text(out, "language", PICK(languages));
    pack_key_uint(out, "occurred_on", DAY_2026 + chance(365));
    pack_list(out, "partners", partners, sizeof partners / sizeof *partners);
    pack_key_text(out, "place", place);
    pack_key_text(out, "start_time", PICK(times));
    pack_list(out, "topics", topics, sizeof topics / sizeof *topics);
}

static void
model_facts(struct packer *out, const struct author *author)
{
    static const char *const forms[] = {
        "to_tu_quan",  "cau_lac_bo",     "dong_ho_tu_quan", "khu_dan_cu_khong_ma_tuy",
        "to_lien_gia", "nhom_zalo_antt", "camera_an_ninh",
    };
    static const char *const orgs[] = {"phu_nu",         "nong_dan",  "doan_thanh_nien",
                                       "cuu_chien_binh", "cong_doan", "nguoi_cao_tuoi",
                                       "chu_thap_do"};
    static const char *const names[] = {"Tổ tự quản không ma túy", "Dòng họ không ma túy",
                                        "Khu dân cư không ma túy", "Tổ liên gia an toàn"};
    static const char *const statuses[] = {"hoat_dong", "hoat_dong", "du_kien", "tam_dung"};
    pack_map(out, 12);
    pack_text(out, "area_ids");
    pack_array(out, 1);
    pack_office(out, &author->origin.office);
    pack_key_uint(out, "founded_on", DAY_2026 - chance(2000));
    pack_key_text(out, "form", PICK(forms));
    pack_key_uint(out, "households", chance(200));
    pack_key_bool(out, "is_pilot", chance(4) == 0);
    pack_key_bool(out, "is_self_managed", chance(2) == 0);
    pack_text(out, "lead_body");
    pack_office(out, &author->subject);
    pack_key_uint(out, "members", chance(100));
    pack_key_text(out, "name", PICK(names));
    pack_list(out, "partner_orgs", orgs, sizeof orgs / sizeof *orgs);
    pack_key_text(out, "status", PICK(statuses));
    pack_key_uint(out, "status_since", DAY_2026 + chance(300));
}

struct sort {
    const char *type;
    bool is_personal; // Has an envelope
    void (*facts)(struct packer *out, const struct author *author);
};

static const struct sort sorts[] = {
    {"household", true, household_facts},
    {"commitment", true, commitment_facts},
    {"propaganda_session", false, session_facts},
    {"model", false, model_facts},
};

// One in four entries changes a record that is there: it names one head before it.
static void
after_pack(struct entry *entry, const struct author *author, struct buf *after)
{
    struct ref ref = {.origin = author->origin, .seq = chance(author->seq + 1)};
    random_fill(ref.hash, sizeof ref.hash);
    entry->depth = 1 + chance(4);
    refs_pack(&ref, 1, after);
    entry->after = buf_bytes(after);
}

static void
entry_add(struct author *author, const struct sort *sort, struct buf *raw)
{
    OWNED(buf_release) struct buf facts = {0};
    OWNED(buf_release) struct buf after = {0};
    OWNED(buf_release) struct buf stub = {0};
    OWNED(buf_release) struct buf body = {0};
    uint8_t salt[16], commitment[HASH_SIZE];
    random_fill(salt, sizeof salt);
    random_fill(commitment, sizeof commitment);
    struct packer out = packer_of(&facts);
    sort->facts(&out, author);

    struct entry entry = {
        .version = ENTRY_VERSION,
        .kind = KIND_RECORD,
        .salt = BYTES(salt, sizeof salt),
        .origin = author->origin,
        .seq = author->seq++,
        .logged_at = WALL_2026 + (wall_t)chance(31536000000U),
        .actor = chance(5),
        .type = bytes_of(sort->type),
        .type_version = 1,
        .subject = author->subject,
        .op = OP_PUT,
        .facts = buf_bytes(&facts),
    };
    entry.record.creator = author->origin.office;
    random_fill(entry.record.id, sizeof entry.record.id);
    if (chance(4) == 0)
        after_pack(&entry, author, &after);
    if (sort->is_personal) {
        entry.commitment = BYTES(commitment, sizeof commitment);
        entry.envelope_size = 64 * (1 + chance(4)) + 16;
    }
    if (!office_equal(&author->subject, &author->origin.office))
        entry.audience = bytes_of(author->subject.code);
    entry_pack_body(&entry, &body);
    entry_pack_stub(&entry, true, &stub);
    out = packer_of(raw);
    pack_bin(&out, stub.at, stub.size);
    pack_bin(&out, body.at, body.size);
}

static struct author
author_random(void)
{
    char code[OFFICE_MAX + 1];
    unsigned commune = 1840 + (unsigned)chance(4120), area = 1 + (unsigned)chance(40);
    (void)snprintf(code, sizeof code, chance(4) == 0 ? "%05u" : "%05u-%03u", commune, area);
    struct author author = {.origin = {office_of(code), 1ULL << 32 | chance(1ULL << 32)}};
    author.subject = author.origin.office;
    author.seq = chance(chance(2) == 0 ? 100 : 20000);
    return author;
}

static void
sample_write(const char *folder, unsigned number)
{
    OWNED(buf_release) struct buf raw = {0};
    struct author author = author_random();
    const struct sort *sort = &PICK(sorts);
    for (size_t left = 1 + chance(ENTRIES_MAX); left > 0; left--)
        entry_add(&author, chance(8) == 0 ? &PICK(sorts) : sort, &raw);
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%04u", folder, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(raw.at, 1, raw.size, file) != raw.size || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fputs("usage: make FOLDER\n", stderr);
        return 64;
    }
    for (unsigned i = 0; i < SAMPLES; i++)
        sample_write(argv[1], i);
    return 0;
}
