#include "cli/manual.h"

#include "io/settings.h"

#include <string.h>

/* --- text ---------------------------------------------------------------------------------- */

/* A line of a page: what troff would take for its own is not. */
static void print_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text == '\n' ? ' ' : *text);
	putchar('\n');
}

/* Inside '...' of a shell, and for zsh inside [...]. */
static void print_quoted(const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
			printf("\\%c", *text);
		else
			putchar(*text);
}

/* --- one command --------------------------------------------------------------------------- */

struct form {
	const char *name;
	void (*begin)(const struct cli_syntax *syntax);
	void (*option)(const struct argp_option *option);
	void (*end)(void);
};

static bool is_shown(const struct argp_option *option)
{
	return option->name && !(option->flags & OPTION_HIDDEN);
}

static void begin_man(const struct cli_syntax *syntax)
{
	printf(".Ss %s\n.Nm\n.Cm %s\n.Op Ar OPTION Ns ...\n", syntax->name, syntax->name);
	if (syntax->arguments)
		printf(".Ar %s\n", syntax->arguments);
	puts(".Pp");
	print_text(syntax->about);
	puts(".Bl -tag -width Ds");
}

static void option_man(const struct argp_option *option)
{
	printf(".It Fl -%s", option->name);
	if (option->arg)
		printf(" Ar %s", option->arg);
	putchar('\n');
	print_text(option->doc);
}

static void end_man(void)
{
	puts(".El");
}

static void begin_bash(const struct cli_syntax *syntax)
{
	printf("\t'%s') words='", syntax->name);
}

static void option_bash(const struct argp_option *option)
{
	printf("--%s ", option->name);
}

static void end_bash(void)
{
	puts("';;");
}

static void begin_zsh(const struct cli_syntax *syntax)
{
	printf("\t('%s') _arguments", syntax->name);
}

static void option_zsh(const struct argp_option *option)
{
	printf(" \\\n\t\t'--%s%s[", option->name, option->arg ? "=" : "");
	print_quoted(option->doc);
	putchar(']');
	if (option->arg)
		printf(":%s:_files", option->arg);
	putchar('\'');
}

static void end_zsh(void)
{
	puts(" \\\n\t\t'*:file:_files';;");
}

static const struct form forms[] = {
    {"man", begin_man, option_man, end_man},
    {"bash", begin_bash, option_bash, end_bash},
    {"zsh", begin_zsh, option_zsh, end_zsh},
};

int cli_describe(
    const char *form, const struct cli_syntax *syntax, const struct argp_option *common)
{
	const struct argp_option *const lists[] = {syntax->options, common};

	for (size_t i = 0; i < CP_COUNT(forms); i++) {
		if (strcmp(form, forms[i].name) != 0)
			continue;
		forms[i].begin(syntax);
		for (size_t j = 0; j < CP_COUNT(lists); j++)
			for (const struct argp_option *at = lists[j]; at && (at->name || at->doc);
			     at++)
				if (is_shown(at))
					forms[i].option(at);
		forms[i].end();
		return CLI_OK;
	}
	return CLI_USAGE;
}

void cli_describe_words(const char *form, const char *name, const char *words)
{
	if (strcmp(form, "bash") == 0)
		printf("\t'%s') words='%s';;\n", name, words);
	else if (strcmp(form, "zsh") == 0)
		printf("\t('%s') compadd %s;;\n", name, words);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void describe_all(const char *form, const struct cli_command *first)
{
	char option[32];

	snprintf(option, sizeof(option), CLI_DESCRIBE "%s", form);
	for (size_t i = 0; i <= cli_command_count; i++) {
		const struct cli_command *command = i ? &cli_commands[i - 1] : first;
		char name[32];
		char *argv[] = {name, option, NULL};

		snprintf(name, sizeof(name), "%s", command->name);
		(void)command->run(2, argv);
	}
}

static const struct {
	int status;
	const char *meaning;
} statuses[] = {
    {CLI_OK, "All is well."},
    {CLI_FOUND, "Something was found or is not there: differences, faults, findings; the text "
                "says what."},
    {CLI_USAGE, "A wrong argument. Of \"run\": configuration, certificates or port, which a person "
                "must correct."},
    {CLI_UNREADABLE, "Configuration or store cannot be read, or output cannot be written. Of "
                     "\"run\": no memory or descriptors; it may be tried again."},
    {CLI_INTERRUPTED, "Of \"setup\": ended by Ctrl-C; it has said what was written."},
    {74, "Of \"run\": the store failed."},
};

static void print_commands(const struct cli_command *first)
{
	puts(".Sh DESCRIPTION\nCarepace is the telemetry gateway of a clinic.\n"
	     ".Bl -tag -width example-config");
	for (size_t i = 0; i <= cli_command_count; i++) {
		const struct cli_command *command = i ? &cli_commands[i - 1] : first;
		printf(".It Cm %s\n", command->name);
		print_text(command->help);
	}
	puts(".El");
}

static int print_page(const struct cli_command *first)
{
	puts(".\\\" Printed by carepace help carepace.1\n.Dd $Mdocdate$\n.Dt CAREPACE 1\n.Os\n"
	     ".Sh NAME\n.Nm carepace\n.Nd telemetry gateway for treatment devices\n"
	     ".Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar OPTION Ns ...");
	print_commands(first);
	puts(".Sh COMMANDS");
	describe_all("man", first);
	puts(".Sh FILES\n.Bl -tag -width Ds\n"
	     ".It Pa " CLI_CONFIG_DEFAULT "\nThe configuration:\n.Xr carepace.yaml 5 .\n.El\n"
	     ".Sh EXIT STATUS\n.Bl -tag -width 99");
	for (size_t i = 0; i < CP_COUNT(statuses); i++) {
		printf(".It %d\n", statuses[i].status);
		print_text(statuses[i].meaning);
	}
	puts(".El\n.Sh SEE ALSO\n.Xr carepace.yaml 5");
	return CLI_OK;
}

static int print_bash(const struct cli_command *first)
{
	puts("# Printed by carepace help bash\n_carepace() {\n"
	     "\tlocal words='' key=\"${COMP_WORDS[1]}\" cur=\"${COMP_WORDS[COMP_CWORD]}\"\n"
	     "\t[ \"$key\" = pki ] && [ \"$COMP_CWORD\" -gt 2 ] && key=\"pki ${COMP_WORDS[2]}\"\n"
	     "\t[ \"$COMP_CWORD\" = 1 ] && key=''\n"
	     "\tcase \"$key\" in");
	printf("\t'') words='%s", first->name);
	for (size_t i = 0; i < cli_command_count; i++)
		printf(" %s", cli_commands[i].name);
	puts("';;");
	describe_all("bash", first);
	puts("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
	     "complete -o default -F _carepace carepace");
	return CLI_OK;
}

static int print_zsh(const struct cli_command *first)
{
	puts("#compdef carepace\n# Printed by carepace help zsh\n"
	     "local -a commands\ncommands=(");
	for (size_t i = 0; i <= cli_command_count; i++) {
		const struct cli_command *command = i ? &cli_commands[i - 1] : first;
		printf("\t'%s:", command->name);
		print_quoted(command->help);
		puts("'");
	}
	puts(")\nif (( CURRENT == 2 )); then\n\t_describe command commands\n\treturn\nfi\n"
	     "local key=$words[2]\n"
	     "[[ $key == pki && $CURRENT -gt 3 ]] && key=\"pki $words[3]\"\n"
	     "case $key in");
	describe_all("zsh", first);
	puts("esac");
	return CLI_OK;
}

static int print_settings(const struct cli_command *first)
{
	(void)first;
	settings_print_manual(stdout);
	return CLI_OK;
}

/* "help pki issue" is "pki issue --help". */
static int help_on(int argc, char **argv, const struct cli_command *first)
{
	const struct cli_command *command =
	    strcmp(argv[1], first->name) == 0 ? first : cli_find(argv[1]);
	char help[] = "--help";
	char *words[] = {argv[1], argc > 2 ? argv[2] : help, help, NULL};

	return command ? command->run(argc > 2 ? 3 : 2, words) : cli_unknown(argv[1]);
}

int cli_help(int argc, char **argv, const struct cli_command *first)
{
	static const struct {
		const char *name;
		int (*print)(const struct cli_command *first);
	} pages[] = {
	    {"carepace.1", print_page},
	    {"carepace.yaml.5", print_settings},
	    {"bash", print_bash},
	    {"zsh", print_zsh},
	};

	if (argc < 2) {
		cli_print_help(stdout, first);
		return CLI_OK;
	}
	for (size_t i = 0; i < CP_COUNT(pages); i++)
		if (strcmp(argv[1], pages[i].name) == 0)
			return pages[i].print(first);
	return help_on(argc, argv, first);
}
